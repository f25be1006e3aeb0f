"""What a gallery and its decision rule say of a vector, without the images that made them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.calibration import CentroidConfidence
from plankton_embedding.analysis.centroids import classify
from plankton_embedding.analysis.decision_rule import DecisionRule, check_rule
from plankton_embedding.analysis.gallery import ClassGallery
from plankton_embedding.analysis.novelty import ScaledDistance, usable_radii


def decide(vectors: NDArray[np.float64], gallery: ClassGallery, rule: DecisionRule) -> pd.DataFrame:
    """Classify vectors by the nearest centroid of a gallery.

    Parameters
    ----------
    vectors : ndarray of float64, shape (images, features)
        Finite, of the gallery's embedder.
    gallery : ClassGallery
    rule : DecisionRule
        Fitted to it.

    Returns
    -------
    DataFrame
        One row a vector: ``class_name``; ``distance`` to its centroid, in units of the embedding;
        ``novelty``, that distance in radii of the class; ``confidence`` among the gallery's
        classes, 0 to 1; ``is_unknown``, whether the novelty is above the rule's threshold.

    Raises
    ------
    GalleryError
        If the rule is for another gallery.
    """
    check_rule(rule, gallery)
    centroids = gallery.centroid_table()
    class_names, distances = classify(vectors, centroids)
    novelty = ScaledDistance(centroids, usable_radii(gallery.radii, centroids)).score(vectors)
    probabilities = CentroidConfidence(centroids, rule.temperature).probabilities(vectors)
    threshold = np.inf if rule.threshold is None else rule.threshold
    return pd.DataFrame(
        {
            "class_name": class_names,
            "distance": distances,
            "novelty": novelty,
            # The nearest class is the most probable.
            "confidence": probabilities.max(axis=1, initial=0.0),
            "is_unknown": novelty > threshold,
        }
    )
