"""What a class that was added to a gallery is close to, and what it does to the other classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.centroids import classify
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.gallery import ClassGallery, GalleryError
from plankton_embedding.analysis.gallery_changes import remove_class
from plankton_embedding.analysis.left_out_distances import left_out_distances
from plankton_embedding.analysis.scores import wilson_interval

_ACCURACIES = ("images", "before", "before_low", "before_high", "after", "after_low", "after_high")


@dataclass(frozen=True)
class EnrolmentReport:
    """What an enrolled class is close to, and what it does to the others.

    Attributes
    ----------
    class_name : str
    images : int
        That the class was made of.
    radius : float
    own_recall : float
        Share of the class's own images that get their class, each left out of its centroid. NaN
        for a class of one image: nothing is left to compare it with.
    nearest : DataFrame
        One row another class, the nearest first: ``class_name``, ``distance`` between the
        centroids, ``radius`` of the other class, ``distance_to_radius``, the distance in radii of
        the enrolled class (missing if that is 0), and ``own_images``, how many of the class's own
        images, each left out, get the other class.
    accuracy : dict
        Of the labelled images of the other classes: ``images``, and the accuracy ``before`` and
        ``after`` with ``…_low`` and ``…_high`` (Wilson 95 %); NaN without images.
    classes : DataFrame
        One row another class that has labelled images, sorted: ``class_name``, ``images``,
        ``recall_before``, ``recall_after``, ``to_new``, the images that now get the new class.
    warning : str
        Empty if the class can be told apart.
    """

    class_name: str
    images: int
    radius: float
    own_recall: float
    nearest: pd.DataFrame
    accuracy: dict[str, float]
    classes: pd.DataFrame
    warning: str


def compare_enrolled(
    gallery: ClassGallery,
    class_name: str,
    vectors: ArrayLike,
    embeddings: pd.DataFrame,
    least_recall: float,
) -> EnrolmentReport:
    """Compare an enrolled class with the others, and the others before and after it.

    All classification is by the nearest centroid of the gallery. The class cannot be told apart,
    and a warning says so, if it has one image only, if fewer than ``least_recall`` of its own
    images get their class when each is left out, if its centroid lies no farther from that of
    another class than the smaller of the two radii, or if it brings the recall of another class
    below ``least_recall``.

    Parameters
    ----------
    gallery : ClassGallery
        With the class in it.
    class_name : str
    vectors : array, shape (images, features)
        Those that the class was made of.
    embeddings : DataFrame
        Labelled images of the other classes, of one step: ``class_name``, ``e00``, …. Take test
        images: of those that made the gallery's centroids the accuracy is too good. Images of
        classes that the gallery does not have are left aside.
    least_recall : float
        Between 0 and 1.

    Raises
    ------
    GalleryError
        If the class is not in the gallery or is the only one there, no vectors are given, or the
        embeddings are not of the gallery's size.
    """
    place = gallery.position(class_name)
    if len(gallery.class_names) == 1:
        raise GalleryError(f"{class_name!r} is the only class of the gallery: nothing to compare")
    others = remove_class(gallery, class_name)
    labels = class_labels(embeddings)
    used = np.isin(labels, others.class_names)
    labels, matrix = labels[used], embedding_matrix(embeddings[used])
    if len(matrix) and matrix.shape[1] != gallery.centroids.shape[1]:
        raise GalleryError(
            f"labelled embeddings of {matrix.shape[1]} features, {gallery.centroids.shape[1]} in "
            "the gallery: they come from another embedder"
        )
    given = _classify_left_out(gallery, place, np.asarray(vectors, dtype=np.float64))
    own_recall = float((given == place).mean()) if gallery.counts[place] > 1 else np.nan
    nearest = _nearest_classes(gallery, place, given)
    before, after = (
        classify(matrix, known.centroid_table())[0] if len(matrix) else labels
        for known in (others, gallery)
    )
    classes = _class_changes(labels, before == labels, after == labels, after == class_name)
    report = EnrolmentReport(
        class_name=class_name,
        images=int(gallery.counts[place]),
        radius=float(gallery.radii[place]),
        own_recall=own_recall,
        nearest=nearest,
        accuracy=_accuracy(before == labels, after == labels),
        classes=classes,
        warning="",
    )
    return replace(report, warning=_warn(report, least_recall))


def _classify_left_out(
    gallery: ClassGallery, place: int, vectors: NDArray[np.float64]
) -> NDArray[np.intp]:
    if vectors.ndim != 2 or not len(vectors):
        raise GalleryError(
            f"no vectors of {str(gallery.class_names[place])!r}: give those it was made of"
        )
    members = np.full(len(vectors), place)
    distances = left_out_distances(vectors, members, gallery.counts, gallery.centroid_table())
    nearest: NDArray[np.intp] = distances.argmin(axis=1)
    return nearest


def _nearest_classes(gallery: ClassGallery, place: int, given: NDArray[np.intp]) -> pd.DataFrame:
    from scipy.spatial.distance import cdist

    distances = cdist(gallery.centroids[place : place + 1], gallery.centroids)[0]
    order = np.argsort(distances, kind="stable")
    order = order[order != place]
    radius = gallery.radii[place]
    own_images = np.bincount(given, minlength=len(distances))
    return pd.DataFrame(
        {
            "class_name": pd.Series(gallery.class_names[order].tolist(), dtype="str"),
            "distance": distances[order],
            "radius": gallery.radii[order],
            "distance_to_radius": distances[order] / radius if radius > 0 else np.nan,
            "own_images": own_images[order],
        }
    )


def _accuracy(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> dict[str, float]:
    if not before.size:
        return dict.fromkeys(_ACCURACIES, np.nan) | {"images": 0}
    accuracy: dict[str, float] = {"images": before.size}
    for name, hits in (("before", before), ("after", after)):
        low, high = wilson_interval(int(hits.sum()), hits.size)
        accuracy |= {name: float(hits.mean())}
        accuracy |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return accuracy


def _class_changes(
    labels: NDArray[np.str_],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    to_new: NDArray[np.bool_],
) -> pd.DataFrame:
    columns = {"recall_before": before, "recall_after": after, "to_new": to_new}
    images = pd.DataFrame({"class_name": pd.Series(labels.tolist(), dtype="str"), **columns})
    by_class = images.groupby("class_name", sort=True)
    table = by_class[["recall_before", "recall_after"]].mean()
    table.insert(0, "images", by_class.size())
    return table.assign(to_new=by_class["to_new"].sum()).reset_index()


def _warn(report: EnrolmentReport, least_recall: float) -> str:
    nearest, classes = report.nearest, report.classes
    reasons = []
    if np.isnan(report.own_recall):
        reasons.append("it has one image only, so nothing tells how far the class reaches")
    elif report.own_recall < least_recall:
        reasons.append(
            f"only {100 * report.own_recall:.0f} % of its own images get their class when each is "
            f"left out, less than {100 * least_recall:g} %"
        )
    within = nearest[nearest["distance"] <= nearest["radius"].clip(upper=report.radius)]
    for other in within.head(1).to_dict("records"):
        reasons.append(
            f"its centroid is {other['distance']:.3g} from that of {other['class_name']!r}, within "
            f"both radii ({report.radius:.3g} and {other['radius']:.3g})"
        )
    fell = classes[
        (classes["recall_before"] >= least_recall) & (classes["recall_after"] < least_recall)
    ]
    for other in fell.sort_values("recall_after").head(1).to_dict("records"):
        reasons.append(
            f"the recall of {other['class_name']!r} falls from {100 * other['recall_before']:.0f} "
            f"to {100 * other['recall_after']:.0f} %"
        )
    if not reasons:
        return ""
    return (
        f"{report.class_name!r} cannot be told apart: {'; '.join(reasons)}. Its nearest class is "
        f"{nearest['class_name'].iloc[0]!r}: give more images, or put the two together"
    )
