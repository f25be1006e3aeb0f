"""The gallery pipeline: a table of contents of how an embedder becomes a classifier."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.pipelines.gallery.nodes import (
    collect_gallery_embeddings,
    fit_class_gallery,
    fit_decision_rule,
)


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from the embedder to its class gallery and decision rule."""
    return Pipeline(
        [
            Node(
                collect_gallery_embeddings,
                inputs=["embeddings", "embedder"],
                outputs="gallery_embeddings",
                name="collect_gallery_embeddings",
            ),
            Node(
                fit_class_gallery,
                inputs=["gallery_embeddings", "embedder", "params:gallery"],
                outputs="class_gallery",
                name="fit_class_gallery",
            ),
            fit_decision_rule_node(),
        ]
    )


def fit_decision_rule_node() -> Node:
    """Return the node that ends every pipeline which changes the gallery."""
    return Node(
        fit_decision_rule,
        inputs=["class_gallery", "gallery_embeddings", "params:gallery"],
        outputs="decision_rule",
        name="fit_decision_rule",
    )
