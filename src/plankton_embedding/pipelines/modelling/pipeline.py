"""The modelling pipeline: a table of contents of the training."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.pipelines.modelling.nodes import (
    embed_frozen,
    select_embedder,
    train_embedder,
)


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from the image store to the embedder and its embeddings."""
    return Pipeline(
        [
            Node(
                train_embedder,
                inputs=[
                    "image_store",
                    "splits",
                    "data_summary",
                    "earlier_trainings",
                    "params:embedder",
                    "params:training",
                    "params:seed",
                ],
                # In this order: a checkpoint says that all of its step is saved.
                outputs=["training_history", "training_steps", "embeddings", "checkpoints"],
                name="train_embedder",
                tags="training",
            ),
            Node(
                embed_frozen,
                inputs=[
                    "image_store",
                    "splits",
                    "params:embedder",
                    "params:training",
                    "params:seed",
                    "checkpoints",
                ],
                outputs=["frozen_features", "closed_form_embeddings"],
                name="embed_frozen",
            ),
            Node(
                select_embedder,
                inputs="checkpoints",
                outputs=["embedder", "embedder_card"],
                name="select_embedder",
                tags="training",
            ),
        ]
    )
