"""Nodes that join functions of `analysis` and `figures`; the others are used as they are."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from plankton_embedding.analysis import scores, steps
from plankton_embedding.analysis.embedding_tables import select_embeddings, validation_steps
from plankton_embedding.analysis.geometry import similarity_order
from plankton_embedding.analysis.projection import project_images
from plankton_embedding.analysis.raw_pixels import predict_from_pixels
from plankton_embedding.figures import data_chapter as data_chapters
from plankton_embedding.figures import principal_components
from plankton_embedding.figures.report import render_page
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.summary import check_same_data
from plankton_embedding.parameters import ReportingOptions


def score_classes(predictions: pd.DataFrame, class_geometry: pd.DataFrame) -> pd.DataFrame:
    """Score each class on the test images of the last step."""
    return steps.class_table(predictions, class_geometry, int(class_geometry["step"].max()))


def count_confusions(predictions: pd.DataFrame, embeddings: pd.DataFrame) -> pd.DataFrame:
    """Count the confusions of the last step's test images, similar classes side by side."""
    last = validation_steps(embeddings)[-1]
    test = predictions[(predictions["step"] == last) & (predictions["split"] == "test")]
    order = similarity_order(steps.step_centroids(embeddings, last))
    return scores.confusion_counts(test["class_name"], test["predicted_class"], order)


def score_raw_pixels(
    image_store: ImageStore,
    splits: pd.DataFrame,
    data_summary: dict[str, Any],
    embedder_card: dict[str, Any],
) -> dict[str, float | int]:
    """Score the baseline without a network, on the very images that the embedder was tested on."""
    check_same_data(
        {
            "data_summary": data_summary["fingerprint"],
            "image_store": image_store.card.fingerprint,
            "embedder_card": embedder_card["data_fingerprint"],
        }
    )
    predicted = predict_from_pixels(image_store, splits)
    return scores.accuracy_summary(predicted["class_name"], predicted["predicted_class"])


def draw_principal_components(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> go.Figure:
    """Draw the last step's validation embeddings in three dimensions."""
    validation = select_embeddings(embeddings, validation_steps(embeddings)[-1], "validation")
    points, explained = project_images(validation, reporting.projection_images_per_class, seed)
    return principal_components.draw_principal_components(points, explained)


def render_data_chapter(
    class_counts: pd.DataFrame,
    image_manifest: pd.DataFrame,
    data_summary: dict[str, Any],
    embedder_card: dict[str, Any],
    reporting: ReportingOptions,
) -> str:
    """Render the report's chapter about images and provenance."""
    options = reporting.model_dump()
    return data_chapters.render_data_chapter(
        class_counts, image_manifest, data_summary, embedder_card, options
    )


def render_report(
    metrics: dict[str, Any],
    data_summary: dict[str, Any],
    results_chapter: str,
    data_chapter: str,
    reporting: ReportingOptions,
) -> str:
    """Render the report as one self-contained HTML page."""
    return render_page(reporting.title, metrics, data_summary, results_chapter, data_chapter)
