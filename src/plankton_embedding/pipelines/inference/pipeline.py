"""The inference pipeline: a table of contents of how images are classified."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.pipelines.inference.nodes import (
    choose_for_review,
    classify_images,
    count_predictions,
    embed_images,
    list_unlabelled_images,
    prepare_ecotaxa_import,
    read_review_pictures,
    render_review_page,
    tabulate_predictions,
)


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from unlabelled images to their classes."""
    return Pipeline([*_predict(), *_report()])


def _predict() -> list[Node]:
    return [
        Node(
            list_unlabelled_images,
            inputs=["raw_images", "params:source"],
            outputs="unlabelled_images",
            name="list_unlabelled_images",
            tags=["classify", "results"],
        ),
        Node(
            embed_images,
            inputs=[
                "unlabelled_images",
                "embedder",
                "class_gallery",
                "earlier_inference_embeddings",
                "params:inference",
                "params:scan",
                "params:engine",
                "params:training",
            ],
            outputs="inference_embeddings",
            name="embed_images",
            tags="classify",
        ),
        Node(
            classify_images,
            inputs=[
                "inference_embeddings",
                "class_gallery",
                "decision_rule",
                "gallery_embeddings",
                "params:inference",
            ],
            outputs="class_predictions",
            name="classify_images",
            tags="classify",
        ),
    ]


def _report() -> list[Node]:
    return [
        Node(
            tabulate_predictions,
            inputs="class_predictions",
            outputs="class_predictions_table",
            name="tabulate_predictions",
            tags="results",
        ),
        Node(
            prepare_ecotaxa_import,
            inputs=["class_predictions", "unlabelled_images"],
            outputs="ecotaxa_predictions",
            name="prepare_ecotaxa_import",
            tags="results",
        ),
        Node(
            count_predictions,
            inputs="class_predictions",
            outputs=["inference_summary", "predicted_counts", "unreadable_images"],
            name="count_predictions",
            tags="results",
        ),
        Node(
            choose_for_review,
            inputs=["class_predictions", "params:inference"],
            outputs="review_images",
            name="choose_for_review",
            tags="results",
        ),
        Node(
            read_review_pictures,
            inputs=["review_images", "unlabelled_images", "embedder", "params:scan"],
            outputs="review_pictures",
            name="read_review_pictures",
            tags="results",
        ),
        Node(
            render_review_page,
            inputs=[
                "review_images",
                "review_pictures",
                "inference_summary",
                "predicted_counts",
                "unreadable_images",
                "decision_rule",
                "unlabelled_images",
            ],
            outputs="review_page",
            name="render_review_page",
            tags="results",
        ),
    ]
