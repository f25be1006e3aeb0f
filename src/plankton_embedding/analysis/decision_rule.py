"""The rule that turns distances to a gallery's classes into a confidence and an "unknown"."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plankton_embedding.analysis.calibration import CentroidConfidence
from plankton_embedding.analysis.gallery import ClassGallery, GalleryError
from plankton_embedding.analysis.novelty import ScaledDistance
from plankton_embedding.analysis.rejection import thresholds_that_keep
from plankton_embedding.errors import first_mistake


class DecisionRule(BaseModel):
    """Temperature and threshold, fitted to the images that made a gallery.

    Attributes
    ----------
    score
        What the threshold is of: the distance to the nearest centroid in radii of its class.
    threshold
        An image of a larger score is unknown. None: no class has two images, and none is.
    kept_share
        Of the gallery's images, each left out of it, that the threshold was chosen to keep.
    temperature
        Of the softmax over negative distances, in units of the embedding.
    images
        That both were fitted to.
    gallery_fingerprint
        Of the gallery that the rule is for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    score: Literal["scaled_distance"] = "scaled_distance"
    threshold: float | None = Field(ge=0)
    kept_share: float = Field(gt=0, le=1)
    temperature: float = Field(gt=0)
    images: int = Field(ge=1)
    gallery_fingerprint: str


def fit_decision_rule(
    gallery: ClassGallery, vectors: ArrayLike, labels: ArrayLike, kept_share: float
) -> DecisionRule:
    """Fit the rule to the images that made a gallery, each left out of its class.

    Parameters
    ----------
    gallery : ClassGallery
    vectors : array, shape (images, features)
        Those that the gallery was made of.
    labels : array of str, shape (images,)
    kept_share : float
        Of these images, that are not called unknown; above 0, at most 1.
    """
    scores = ScaledDistance.fit(vectors, labels).score_left_out(vectors, labels)
    threshold = float(thresholds_that_keep(scores, kept_share))
    return DecisionRule(
        threshold=None if np.isnan(threshold) else threshold,
        kept_share=kept_share,
        temperature=CentroidConfidence.fit(vectors, labels).temperature,
        images=len(scores),
        gallery_fingerprint=fingerprint_gallery(gallery),
    )


def write_rule(path: Path, rule: DecisionRule) -> None:
    """Write a rule as JSON."""
    path.write_text(rule.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_rule(path: Path) -> DecisionRule:
    """Read a rule.

    Raises
    ------
    GalleryError
        If the file is missing or holds no rule; it names the first value that is wrong.
    """
    try:
        return DecisionRule.model_validate_json(path.read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
    except ValidationError as error:
        why = first_mistake(error)
    raise GalleryError(
        f"{path} is no decision rule: {why}. Make it anew with "
        "`kedro run --pipelines gallery --nodes fit_decision_rule`"
    )


def check_rule(rule: DecisionRule, gallery: ClassGallery) -> None:
    """Refuse a rule that was fitted to another gallery.

    Raises
    ------
    GalleryError
        If the gallery is not the one that the rule is for.
    """
    if rule.gallery_fingerprint != fingerprint_gallery(gallery):
        raise GalleryError(
            "the decision rule was fitted to another class gallery: load versions of class_gallery "
            "and decision_rule that belong together with `--load-versions NAME:VERSION`, or make "
            "both anew with `kedro run --pipelines gallery`"
        )


def fingerprint_gallery(gallery: ClassGallery) -> str:
    """Hash all that classification by a gallery hangs on: names, centroids, radii, embedder."""
    names = "\n".join([gallery.embedder_fingerprint, *gallery.class_names.tolist()])
    digest = hashlib.sha256(names.encode("utf-8", "surrogatepass"))
    for values in (gallery.centroids, gallery.radii):
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()
