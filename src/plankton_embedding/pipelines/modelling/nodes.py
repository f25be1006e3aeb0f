"""Nodes of the training.

torch and Lightning are imported when a node runs, so that listing pipelines, Kedro-Viz and
reporting start without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.summary import check_same_data
from plankton_embedding.parameters import EmbedderOptions, TrainingOptions


def train_embedder(
    image_store: ImageStore,
    splits: pd.DataFrame,
    data_summary: dict[str, Any],
    earlier_trainings: Iterable[Any],
    embedder: EmbedderOptions,
    training: TrainingOptions,
    seed: int,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Any]]:
    """Train step by step; what a step leaves behind is saved before the next one begins.

    Steps of an earlier training that is continued are handed over first.
    """
    from plankton_embedding.training.session import train_in_steps

    check_same_data(
        {"data_summary": data_summary["fingerprint"], "image_store": image_store.card.fingerprint}
    )
    for step in train_in_steps(image_store, splits, embedder, training, seed, earlier_trainings):
        yield step.history, step.metrics, step.embeddings, step.checkpoint


def embed_frozen(
    image_store: ImageStore,
    splits: pd.DataFrame,
    embedder: EmbedderOptions,
    training: TrainingOptions,
    seed: int,
    checkpoints: Any,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Map the held-out images by the frozen backbone, alone and with a closed-form head."""
    from plankton_embedding.training.frozen import embed_frozen as embed

    return embed(image_store, splits, embedder, training, seed, checkpoints)


def select_embedder(checkpoints: Any) -> tuple[Any, dict[str, Any]]:
    """Take the best step's checkpoint as the embedder."""
    from plankton_embedding.training.trained_embedder import select_embedder as select

    chosen = select(checkpoints)
    return chosen, chosen.card.model_dump(mode="json")
