"""Nodes that draw: figures out of tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis import (
    confusions,
    label_suspects,
    principal_basis,
    projection,
    typical_images,
)
from plankton_embedding.analysis.embedding_motion import EmbeddingMotion
from plankton_embedding.analysis.embedding_motion import follow_training as follow
from plankton_embedding.analysis.embedding_tables import select_embeddings, validation_steps
from plankton_embedding.figures import (
    component_views,
    confused_pairs,
    confusion,
    confusion_animation,
    confusion_slider,
    embedding_animation,
    embedding_map_page,
    explained_variance,
    principal_components,
)
from plankton_embedding.figures import label_suspects as suspect_sheets
from plankton_embedding.figures.kinds import Figure, InteractiveFigure
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import ReportingOptions

_AXES, _TYPICAL = 4, 3


def draw_confusion_matrix(confusion_counts: pd.DataFrame) -> Figure:
    """Draw the confusions of the reported step's test images, as counts."""
    return confusion.draw_confusion_matrix(confusion_counts, "images")


def draw_confusion_shares(confusion_counts: pd.DataFrame) -> Figure:
    """Draw the confusions of the reported step's test images, as shares, ordered by name."""
    names = sorted(confusion_counts.index)
    return confusion.draw_confusion_matrix(confusion_counts.loc[names, names], "share")


def animate_confusions(
    confusions_over_steps: pd.DataFrame, confusion_counts: pd.DataFrame
) -> bytes:
    """Draw the confusions of validation images step after step, as a GIF."""
    order = [str(name) for name in confusion_counts.index]
    return confusion_animation.draw_confusion_animation(confusions_over_steps, order)


def draw_confusion_slider(
    confusions_over_steps: pd.DataFrame, confusion_counts: pd.DataFrame
) -> InteractiveFigure:
    """Draw the confusions of validation images with a slider over the steps."""
    order = [str(name) for name in confusion_counts.index]
    return confusion_slider.draw_confusion_slider(confusions_over_steps, order)


def choose_pair_examples(
    embeddings: pd.DataFrame,
    predictions: pd.DataFrame,
    confused_pairs: pd.DataFrame,
    reporting: ReportingOptions,
) -> pd.DataFrame:
    """Choose images that show the most frequent confusions."""
    last = validation_steps(embeddings)[-1]
    per_pair = reporting.confusions.images_per_pair
    return confusions.choose_pair_examples(embeddings, predictions, last, confused_pairs, per_pair)


def draw_confused_pairs(
    pairs: pd.DataFrame, pair_examples: pd.DataFrame, image_store: ImageStore | None
) -> Figure:
    """Draw the most frequent confusions with their images."""
    return confused_pairs.draw_confused_pairs(pairs, pair_examples, image_store)


def draw_explained_variance(variance: pd.DataFrame, reporting: ReportingOptions) -> Figure:
    """Draw how much variance the principal components explain."""
    share = reporting.components.explained_share
    return explained_variance.draw_explained_variance(variance, share)


def draw_component_views(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> Figure:
    """Draw the reported step's validation images along pairs of principal components."""
    return component_views.draw_component_views(_project(embeddings, reporting, seed, False))


def draw_standardised_views(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> Figure:
    """Draw the reported step's images along standardised components, as the reference does."""
    return component_views.draw_component_views(_project(embeddings, reporting, seed, True))


def draw_principal_components(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> InteractiveFigure:
    """Draw the reported step's validation images in three dimensions."""
    projected = _project(embeddings, reporting, seed, standardised=False)
    return principal_components.draw_principal_components(
        projected.points, projected.basis.explained, projected.central
    )


def follow_training(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> EmbeddingMotion:
    """Project every step's validation images along the axes of the last step."""
    options = reporting.components
    return follow(embeddings, options.animated_images_per_class, options.animated_steps, seed)


def animate_embedding(embedding_motion: EmbeddingMotion) -> InteractiveFigure:
    """Draw images and the ellipsoids of their classes over the training."""
    return embedding_animation.draw_embedding_animation(embedding_motion, "ellipsoid")


def animate_radii(embedding_motion: EmbeddingMotion) -> InteractiveFigure:
    """Draw spheres of the classes' radii over the training."""
    return embedding_animation.draw_embedding_animation(embedding_motion, "sphere")


def render_embedding_map(
    embedding_map: pd.DataFrame, image_store: ImageStore | None, reporting: ReportingOptions
) -> str:
    """Render the page on which the map can be explored."""
    return embedding_map_page.render_embedding_map(embedding_map, image_store, reporting.title)


def collect_suspect_pictures(
    embeddings: pd.DataFrame,
    suspects: pd.DataFrame,
    image_store: ImageStore | None,
    reporting: ReportingOptions,
) -> suspect_sheets.SuspectPictures:
    """Read the images that the first suspects are shown with."""
    last = validation_steps(embeddings)[-1]
    typical = typical_images.find_typical_images(embeddings, last, _TYPICAL)
    shown = reporting.label_suspects.shown
    ids = label_suspects.suspect_pictures(suspects, typical, shown)
    pixels: dict[str, Any] = {}
    if image_store is not None and ids:
        pixels = dict(zip(ids, image_store.images(image_store.rows(ids)), strict=True))
    labels = zip(embeddings["image_id"].astype(str), embeddings["class_name"], strict=True)
    class_names = {image_id: str(name) for image_id, name in labels}
    return suspect_sheets.SuspectPictures(pixels, typical, class_names)


def draw_label_suspects(
    suspects: pd.DataFrame,
    suspect_pictures: suspect_sheets.SuspectPictures,
    reporting: ReportingOptions,
) -> Figure:
    """Draw the first suspects beside what they were compared with."""
    shown = reporting.label_suspects.shown
    return suspect_sheets.draw_label_suspects(suspects, suspect_pictures, shown)


def _project(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int, standardised: bool
) -> projection.ProjectedClasses:
    options = reporting.components
    basis = principal_basis.fit_last_basis(embeddings, _AXES, standardised)
    last = select_embeddings(embeddings, validation_steps(embeddings)[-1], "validation")
    return projection.project_classes(
        last, basis, options.images_per_class, options.central_share, seed
    )
