"""Nodes that change the gallery."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pandas as pd

from plankton_embedding.analysis import gallery_edits as edits
from plankton_embedding.analysis.enrolment import EnrolmentReport
from plankton_embedding.analysis.gallery import ClassGallery, GalleryError, check_fingerprint
from plankton_embedding.analysis.gallery_edits import GalleryWithImages
from plankton_embedding.analysis.gallery_images import check_images, find_copies
from plankton_embedding.images import listing
from plankton_embedding.images.source import ImageSource, Location
from plankton_embedding.parameters import (
    EngineOptions,
    EnrolOptions,
    GalleryOptions,
    ScanOptions,
    SourceOptions,
    TrainingOptions,
)
from plankton_embedding.wording import counted

logger = logging.getLogger(__name__)


def list_enrolled_images(
    raw_images: Location, source: SourceOptions, enrol: EnrolOptions
) -> ImageSource:
    """List the images of new classes; none, where classes are only removed or renamed."""
    if enrol.only_edits:
        return ImageSource(raw_images, (), _no_images())
    if enrol.class_name is None:
        return listing.list_images(raw_images, source)
    listed = listing.list_unlabelled_images(raw_images, source)
    files = listed.files.assign(class_name=enrol.class_name)
    return replace(listed, class_names=(enrol.class_name,), files=files)


def embed_enrolled_images(
    enrolled_images: ImageSource,
    embedder: Any,
    earlier_class_gallery: ClassGallery,
    enrol: EnrolOptions,
    scan: ScanOptions,
    engine: EngineOptions,
    training: TrainingOptions,
) -> pd.DataFrame:
    """Embed the images of new classes; those that cannot be read are told and left out."""
    check_fingerprint(earlier_class_gallery, embedder.fingerprint())
    _check_new(enrolled_images, earlier_class_gallery, enrol)
    if enrol.only_edits:
        return _no_images()[["image_id", "class_name"]]
    from plankton_embedding.training.embed_files import EmbeddingOptions, embed_source

    options = EmbeddingOptions(scan, engine, training)
    files = len(enrolled_images.files)
    blocks = embed_source(enrolled_images, embedder, max(1, files), options, earlier={})
    tables = [block.content for block in blocks if isinstance(block.content, pd.DataFrame)]
    # Without files there is no block.
    embedded = pd.concat(tables, ignore_index=True) if tables else _no_images()
    bad = embedded["reason"] != ""
    for image_id, reason in embedded.loc[bad, ["image_id", "reason"]].itertuples(index=False):
        logger.warning("Not enrolled: %s: %s", image_id, reason)
    readable = embedded[~bad].drop(columns=["path", "reason"]).reset_index(drop=True)
    lost = sorted({*enrolled_images.class_names} - {*readable["class_name"]})
    if lost or readable.empty:
        raise GalleryError(
            f"no readable image of {', '.join(map(repr, lost)) or 'any class'} in "
            f"{enrolled_images.location}: {bad.sum()} of {files} files cannot be used. Mend the "
            "files, or take the class folder away"
        )
    return readable


def _no_images() -> pd.DataFrame:
    names = ("image_id", "path", "class_name", "reason")
    return pd.DataFrame({name: [] for name in names}, dtype="str")


def _check_new(enrolled_images: ImageSource, gallery: ClassGallery, enrol: EnrolOptions) -> None:
    known = sorted({*enrolled_images.class_names} & {*gallery.class_names.tolist()})
    if known and enrol.existing_classes == "error":
        more = f" and {len(known) - 1} more" if len(known) > 1 else ""
        raise GalleryError(
            f"the gallery has the class {known[0]!r}{more} of {enrolled_images.location} already. "
            "Give the folder of the new classes with `--params images=FOLDER`; to add images to a "
            "class, set enrol.existing_classes to extend; to replace it, remove it first"
        )


def change_gallery(
    earlier_class_gallery: ClassGallery,
    earlier_gallery_embeddings: pd.DataFrame,
    enrolled_embeddings: pd.DataFrame,
    enrol: EnrolOptions,
    gallery: GalleryOptions,
) -> tuple[ClassGallery, pd.DataFrame, dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """Add, remove or rename classes, and say what that does to the others."""
    check_images(earlier_gallery_embeddings, earlier_class_gallery)
    before = GalleryWithImages(earlier_class_gallery, earlier_gallery_embeddings)
    reports: list[EnrolmentReport] = []
    if enrol.only_edits:
        after = edits.edit_classes(before, enrol.remove, enrol.rename)
    else:
        extends = enrol.existing_classes == "extend"
        rules = edits.EnrolmentRules(gallery.examples, extends, enrol.least_recall)
        new = _without_copies(enrolled_embeddings, earlier_gallery_embeddings)
        after, reports = edits.enrol_classes(before, new, rules)
    summary = {
        "enrolled": edits.summarise_reports(reports),
        "removed": list(enrol.remove),
        "renamed": dict(enrol.rename),
        "classes": len(after.gallery.class_names),
        "accuracy": edits.compare_accuracy(before, after),
    }
    _log(summary)
    tables = edits.tabulate_neighbours(reports), edits.tabulate_changes(reports)
    return after.gallery, after.images, summary, *tables


def _without_copies(enrolled: pd.DataFrame, gallery_embeddings: pd.DataFrame) -> pd.DataFrame:
    copies = find_copies(gallery_embeddings, enrolled)
    for image_id, known in copies.items():
        logger.warning("Not enrolled: %s: its class has it already, as %s", image_id, known)
    new = enrolled[~enrolled["image_id"].isin(copies.index)]
    if new.empty:
        raise GalleryError(
            f"the classes have all {len(enrolled)} images already: there is nothing to enrol"
        )
    return new


def _log(summary: dict[str, Any]) -> None:
    for name, report in summary["enrolled"].items():
        logger.info(
            "Enrolled %r: it has %s now (radius %.3g); its nearest class is %r, %.3g away",
            *(name, counted(report["images"]), report["radius"]),
            *(report["nearest_class"], report["nearest_distance"]),
        )
        if report["warning"]:
            logger.warning("%s", report["warning"])
    for name in summary["removed"]:
        logger.info("Removed %r", name)
    for old, new in summary["renamed"].items():
        logger.info("Renamed %r to %r", old, new)
    logger.info("The gallery has %d classes now", summary["classes"])
    accuracy = summary["accuracy"]
    if accuracy["images"]:
        logger.info(
            "Accuracy on %d test images of the classes that stay: %.1f %% before, %.1f %% now",
            *(accuracy["images"], 100 * accuracy["before"], 100 * accuracy["after"]),
        )
