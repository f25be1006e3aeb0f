"""The data engineering pipeline: a table of contents of what happens to the images."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from plankton_embedding.images.rejects import accept_images, list_rejected_images
from plankton_embedding.images.summary import count_classes, summarise_data
from plankton_embedding.pipelines.data_engineering.nodes import (
    assign_splits,
    find_duplicates,
    list_images,
    prepare_images,
    read_crop_examples,
    render_data_report,
    scan_images,
)


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline from raw images to the image store; each tag can be run alone."""
    return Pipeline(
        [
            Node(
                list_images,
                inputs=["raw_images", "params:source"],
                outputs="listed_images",
                name="list_images",
                tags=["scan", "store", "data_page"],
            ),
            Node(
                scan_images,
                inputs=[
                    "listed_images",
                    "earlier_manifest",
                    "store_building",
                    "params:scan",
                    "params:preprocess",
                    "params:store",
                    "params:engine",
                ],
                outputs="image_manifest",
                name="scan_images",
                tags="scan",
            ),
            Node(
                list_rejected_images,
                inputs="image_manifest",
                outputs="rejected_images",
                name="list_rejected_images",
                tags="scan",
            ),
            Node(
                accept_images,
                inputs=["image_manifest", "rejected_images", "params:scan"],
                outputs="accepted_images",
                name="accept_images",
                tags="splits",
            ),
            Node(
                find_duplicates,
                inputs=["accepted_images", "params:duplicates"],
                outputs="duplicates",
                name="find_duplicates",
                tags="splits",
            ),
            Node(
                assign_splits,
                inputs=["accepted_images", "duplicates", "params:split", "params:seed"],
                outputs="splits",
                name="assign_splits",
                tags="splits",
            ),
            Node(
                count_classes,
                inputs=["image_manifest", "splits"],
                outputs="class_counts",
                name="count_classes",
                tags="splits",
            ),
            Node(
                summarise_data,
                inputs=["image_manifest", "splits"],
                outputs="data_summary",
                name="summarise_data",
                tags="splits",
            ),
            Node(
                prepare_images,
                inputs=[
                    "listed_images",
                    "image_manifest",
                    "splits",
                    "data_summary",
                    "params:preprocess",
                    "params:store",
                    "params:engine",
                ],
                outputs="image_store",
                name="prepare_images",
                tags="store",
            ),
            Node(
                read_crop_examples,
                inputs=["listed_images", "image_manifest", "params:preprocess"],
                outputs="crop_examples",
                name="read_crop_examples",
                tags="data_page",
            ),
            Node(
                render_data_report,
                inputs=[
                    "image_manifest",
                    "splits",
                    "duplicates",
                    "class_counts",
                    "data_summary",
                    "image_store",
                    "crop_examples",
                    "params:preprocess",
                    "params:data_report",
                ],
                outputs="data_report",
                name="render_data_report",
                tags="data_page",
            ),
        ]
    )
