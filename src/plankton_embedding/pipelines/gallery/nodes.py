"""Nodes that make a gallery; no network computes here."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from plankton_embedding.analysis import decision_rule as deciding
from plankton_embedding.analysis.decision_rule import DecisionRule
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.gallery import ClassGallery
from plankton_embedding.analysis.gallery_images import (
    collect_gallery_images,
    fit_to_images,
    reference_images,
)
from plankton_embedding.parameters import GalleryOptions

logger = logging.getLogger(__name__)


def collect_gallery_embeddings(embeddings: pd.DataFrame, embedder: Any) -> pd.DataFrame:
    """Take the validation and test images as the embedder sees them: those of its step."""
    from plankton_embedding.training.evaluation import check_made_by

    check_made_by(embeddings, embedder.card)
    return collect_gallery_images(embeddings, embedder.card.step)


def fit_class_gallery(
    gallery_embeddings: pd.DataFrame, embedder: Any, gallery: GalleryOptions
) -> ClassGallery:
    """Compute centroid, radius and covariance of each class from the validation images."""
    fitted = fit_to_images(gallery_embeddings, embedder.fingerprint(), gallery.examples)
    logger.info(
        "Gallery: %d classes of %d images, by the embedder %s",
        *(len(fitted.class_names), fitted.counts.sum(), fitted.embedder_fingerprint[:12]),
    )
    return fitted


def fit_decision_rule(
    class_gallery: ClassGallery, gallery_embeddings: pd.DataFrame, gallery: GalleryOptions
) -> DecisionRule:
    """Choose temperature and threshold on the gallery's own images, each left out of it."""
    images = reference_images(gallery_embeddings)
    vectors, labels = embedding_matrix(images), class_labels(images)
    rule = deciding.fit_decision_rule(class_gallery, vectors, labels, gallery.kept_share)
    logger.info(
        "Decision rule: unknown beyond %s radii of the nearest class, temperature %.3g",
        *("no number of" if rule.threshold is None else f"{rule.threshold:.3g}", rule.temperature),
    )
    return rule
