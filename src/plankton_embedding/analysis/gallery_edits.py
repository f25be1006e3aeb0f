"""Edits of a gallery together with its images: what joins, leaves or is renamed, and its effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from plankton_embedding.analysis.centroids import classify
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.enrolment import EnrolmentReport, compare_enrolled
from plankton_embedding.analysis.gallery import ClassGallery
from plankton_embedding.analysis.gallery_changes import enrol_class, remove_class, rename_classes
from plankton_embedding.analysis.gallery_images import (
    ENROLLED,
    add_images,
    drop_classes,
    fit_to_images,
    reference_images,
    rename_images,
    scored_images,
)
from plankton_embedding.analysis.scores import wilson_interval


@dataclass(frozen=True)
class EnrolmentRules:
    """How classes are enrolled.

    Attributes
    ----------
    examples
        Of each class, whose ids are kept.
    extends
        Whether images of a class that the gallery has are added to it; else they are an error.
    least_recall
        See `enrolment.compare_enrolled`.
    """

    examples: int
    extends: bool
    least_recall: float


@dataclass(frozen=True)
class GalleryWithImages:
    """A gallery, and the images that belong to it: see `gallery_images`."""

    gallery: ClassGallery
    images: pd.DataFrame


def enrol_classes(
    before: GalleryWithImages, enrolled: pd.DataFrame, rules: EnrolmentRules
) -> tuple[GalleryWithImages, list[EnrolmentReport]]:
    """Add classes to a gallery.

    Parameters
    ----------
    before : GalleryWithImages
    enrolled : DataFrame
        ``image_id``, ``class_name``, ``e00``, …, of the gallery's embedder.
    rules : EnrolmentRules

    Returns
    -------
    GalleryWithImages
    list of EnrolmentReport
        Of each class that joined or grew, sorted. What becomes of the others is measured on the
        test images, which are of the classes that the embedder was trained on.

    Raises
    ------
    GalleryError
        If a class is there already (unless it is extended), or its name cannot be used.
    """
    names = sorted(enrolled["class_name"].astype(str).unique())
    images = add_images(before.images, enrolled)
    gallery, extended = before.gallery, False
    for name in names:
        if rules.extends and name in before.gallery.class_names:
            extended = True
            continue
        rows = images[(images["class_name"] == name) & (images["split"] == ENROLLED)]
        ids = rows["image_id"].to_numpy(dtype=np.str_)
        gallery = enrol_class(gallery, name, embedding_matrix(rows), ids, rules.examples)
    if extended:
        # From all of their images, so that radii are exact.
        gallery = fit_to_images(images, gallery.embedder_fingerprint, rules.examples)
    after = GalleryWithImages(gallery, images)
    return after, [_compare(after, name, rules.least_recall) for name in names]


def edit_classes(
    before: GalleryWithImages, removed: Sequence[str], renamed: Mapping[str, str]
) -> GalleryWithImages:
    """Remove classes and rename others; two classes may swap their names.

    Raises
    ------
    GalleryError
        If a class is not there, a new name is taken, or no class would be left.
    """
    gallery, images = before.gallery, drop_classes(before.images, removed)
    for name in removed:
        gallery = remove_class(gallery, name)
    return GalleryWithImages(rename_classes(gallery, renamed), rename_images(images, renamed))


def compare_accuracy(before: GalleryWithImages, after: GalleryWithImages) -> dict[str, Any]:
    """Compare the accuracy of two galleries on the test images of the classes that both have.

    Returns
    -------
    dict
        ``images``, and if there are any ``before`` and ``after``, each with ``…_low`` and
        ``…_high`` (Wilson 95 %).
    """
    images = scored_images(before.images)
    labels = class_labels(images)
    used = np.isin(labels, np.intersect1d(before.gallery.class_names, after.gallery.class_names))
    found: dict[str, Any] = {"images": int(used.sum())}
    if not used.any():
        return found
    vectors, labels = embedding_matrix(images[used]), labels[used]
    for name, side in (("before", before), ("after", after)):
        hits = classify(vectors, side.gallery.centroid_table())[0] == labels
        low, high = wilson_interval(int(hits.sum()), len(hits))
        found |= {name: float(hits.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def tabulate_neighbours(reports: Sequence[EnrolmentReport]) -> pd.DataFrame:
    """Return what each enrolled class is close to, one row a pair of classes."""
    columns = ["enrolled", "class_name", "distance", "radius", "distance_to_radius", "own_images"]
    tables = [report.nearest.assign(enrolled=report.class_name)[columns] for report in reports]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def tabulate_changes(reports: Sequence[EnrolmentReport]) -> pd.DataFrame:
    """Return how the recall of the other classes changes, one row a pair of classes."""
    columns = ["enrolled", "class_name", "images", "recall_before", "recall_after", "to_new"]
    tables = [report.classes.assign(enrolled=report.class_name)[columns] for report in reports]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def summarise_reports(reports: Sequence[EnrolmentReport]) -> dict[str, dict[str, Any]]:
    """Return the numbers of each report, by class; None where there is no value."""
    return {
        report.class_name: {
            "images": report.images,
            "radius": report.radius,
            "own_recall": _or_none(report.own_recall),
            "nearest_class": str(report.nearest["class_name"].iloc[0]),
            "nearest_distance": float(report.nearest["distance"].iloc[0]),
            "others": {name: _or_none(value) for name, value in report.accuracy.items()},
            "warning": report.warning,
        }
        for report in reports
    }


def _compare(after: GalleryWithImages, name: str, least_recall: float) -> EnrolmentReport:
    made_of = reference_images(after.images)
    vectors = embedding_matrix(made_of[made_of["class_name"] == name])
    return compare_enrolled(after.gallery, name, vectors, scored_images(after.images), least_recall)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
