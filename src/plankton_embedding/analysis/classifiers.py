"""Classifiers on the frozen embedding: fitted on validation images, scored on test images.

What scikit-learn offers is used with its defaults, on the embedding as it is, unless a
classifier's name or settings say otherwise.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from plankton_embedding.analysis.centroid_classifiers import (
    MahalanobisCentroids,
    MatchedKMeans,
    NearestCentroid,
)
from plankton_embedding.analysis.chosen_neighbours import ChosenNeighbours
from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_matrix,
    select_embeddings,
    validation_steps,
)
from plankton_embedding.analysis.support_vectors import MachineOnComponents, SupportVectorMachine

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Vectors = NDArray[np.float64]
Labels = NDArray[np.str_]


@dataclass(frozen=True)
class ClassifierOptions:
    """What of the classifiers can be set.

    Attributes
    ----------
    neighbour_counts : tuple of int
        The values of k that cross-validation chooses from.
    folds : int
        Of that cross-validation.
    components : int
        Kept of the standardised embedding; at most as many as it has features.
    kmeans_starts : int
        k-means keeps the tightest clustering of so many.
    seed : int
        Deals the folds, starts k-means, and breaks the decision tree's ties.
    """

    neighbour_counts: tuple[int, ...]
    folds: int
    components: int
    kmeans_starts: int
    seed: int


class Classifier(Protocol):
    """What is asked of a classifier, ours or scikit-learn's."""

    def fit(self, vectors: Vectors, labels: Labels) -> Any:
        """Learn from vectors, shape (images, features), and labels, shape (images,)."""

    def predict(self, vectors: Vectors) -> Labels:
        """Return a class for each vector, shape (images,)."""


@dataclass(frozen=True)
class Candidate:
    """A classifier to be compared; `describe` tells its settings once it is fitted."""

    name: str
    classifier: Classifier
    describe: Callable[[], str]


def predict_by_classifiers(
    embeddings: pd.DataFrame, options: ClassifierOptions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit every classifier on the last step's validation images and classify its test images.

    A class without validation images cannot be given by any of them. Where validation has
    one class only, all of them give that class.

    Returns
    -------
    predictions : DataFrame
        One row a classifier and test image: ``image_id``, ``class_name``, ``classifier``,
        ``predicted_class``.
    fits : DataFrame
        One row a classifier: ``classifier``, ``settings`` (text), ``fit_seconds`` and
        ``predict_seconds``, elapsed, of all the images, on one thread.

    Raises
    ------
    EmbeddingsError
        If the last step has no test embeddings, or one holds NaN.
    """
    step = validation_steps(embeddings)[-1]
    validation = select_embeddings(embeddings, step, "validation")
    test = select_embeddings(embeddings, step, "test")
    vectors, labels = embedding_matrix(validation), class_labels(validation)
    scored = embedding_matrix(test)
    candidates = list_classifiers(options)
    if len(np.unique(labels)) == 1:
        candidates = [_only_class(candidate.name) for candidate in candidates]
    parts, fits = [], []
    progress = tqdm(candidates, desc="classifiers", leave=False, disable=None)
    # On one thread each: times can be compared, and where other programs run, several threads
    # that wait for each other take many times longer.
    with progress, threadpool_limits(1):
        for candidate in progress:
            progress.set_postfix_str(candidate.name)
            predicted, fit = _run(candidate, vectors, labels, scored)
            part = test[["image_id", "class_name"]].assign(classifier=candidate.name)
            parts.append(part.assign(predicted_class=predicted))
            fits.append(fit)
    return pd.concat(parts, ignore_index=True), pd.DataFrame(fits)


def list_classifiers(options: ClassifierOptions) -> list[Candidate]:
    """Return the classifiers to be compared, not fitted yet."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    neighbours = ChosenNeighbours(options.neighbour_counts, options.folds, options.seed)
    tree = DecisionTreeClassifier(random_state=options.seed)
    linear, radial = SupportVectorMachine("linear"), SupportVectorMachine("rbf")
    projected = MachineOnComponents(options.components)
    clusters = MatchedKMeans(options.kmeans_starts, options.seed)
    logistic = LogisticRegression()
    mahalanobis = MahalanobisCentroids()
    return [
        Candidate("nearest centroid", NearestCentroid(), lambda: "Euclidean distance"),
        Candidate("nearest neighbours", neighbours, lambda: f"k = {neighbours.neighbour_count}"),
        Candidate("decision tree", tree, lambda: f"leaves: {tree.get_n_leaves():,}"),
        Candidate("linear SVM", linear, lambda: linear.settings),
        Candidate("RBF SVM", radial, lambda: radial.settings),
        Candidate("RBF SVM on components", projected, lambda: projected.settings),
        Candidate("k-means", clusters, lambda: f"a cluster a class, best of {clusters.starts}"),
        Candidate("logistic regression", logistic, lambda: _describe_logistic(logistic)),
        Candidate(
            "Mahalanobis centroids",
            mahalanobis,
            lambda: f"shared covariance, shrinkage {mahalanobis.shrinkage:.2g}",
        ),
    ]


def _describe_logistic(model: LogisticRegression) -> str:
    # scikit-learn stops there without having converged, with a warning.
    stopped = model.n_iter_.max() >= model.max_iter
    return "C = 1" + (f", stopped after {model.max_iter} iterations" if stopped else "")


def _only_class(name: str) -> Candidate:
    from sklearn.dummy import DummyClassifier

    return Candidate(name, DummyClassifier(), lambda: "only one class")


def _run(
    candidate: Candidate, vectors: Vectors, labels: Labels, scored: Vectors
) -> tuple[Labels, dict[str, Any]]:
    from sklearn.exceptions import ConvergenceWarning

    start = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the settings tell
        candidate.classifier.fit(vectors, labels)
    fitted = perf_counter()
    predicted = candidate.classifier.predict(scored)
    seconds = {"fit_seconds": fitted - start, "predict_seconds": perf_counter() - fitted}
    return predicted, {
        "classifier": candidate.name,
        "settings": candidate.describe(),
        **seconds,
    }
