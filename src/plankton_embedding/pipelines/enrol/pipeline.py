"""The enrol pipeline: a table of contents of how the gallery changes."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.pipelines.enrol.nodes import (
    change_gallery,
    embed_enrolled_images,
    list_enrolled_images,
)
from plankton_embedding.pipelines.gallery.pipeline import fit_decision_rule_node


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from the latest gallery to the next one."""
    return Pipeline(
        [
            Node(
                list_enrolled_images,
                inputs=["raw_images", "params:source", "params:enrol"],
                outputs="enrolled_images",
                name="list_enrolled_images",
            ),
            Node(
                embed_enrolled_images,
                inputs=[
                    "enrolled_images",
                    "embedder",
                    "earlier_class_gallery",
                    "params:enrol",
                    "params:scan",
                    "params:engine",
                    "params:training",
                ],
                outputs="enrolled_embeddings",
                name="embed_enrolled_images",
            ),
            Node(
                change_gallery,
                inputs=[
                    "earlier_class_gallery",
                    "earlier_gallery_embeddings",
                    "enrolled_embeddings",
                    "params:enrol",
                    "params:gallery",
                ],
                outputs=[
                    "class_gallery",
                    "gallery_embeddings",
                    "enrolment",
                    "enrolment_neighbours",
                    "enrolment_changes",
                ],
                name="change_gallery",
            ),
            fit_decision_rule_node(),
        ]
    )
