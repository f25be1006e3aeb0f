"""Nodes that measure: tables and numbers out of embeddings."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis import (
    baselines,
    classifiers,
    clustering,
    confusions,
    embedding_map,
    headline,
    label_suspects,
    mistake_severity,
    prevalence,
    raw_pixels,
    retrieval,
    scores,
    significance,
    steps,
)
from plankton_embedding.analysis.embedding_tables import best_step, validation_steps
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.summary import check_same_data
from plankton_embedding.parameters import ReportingOptions


def select_reported_step(
    embeddings: pd.DataFrame,
    predictions: pd.DataFrame,
    class_geometry: pd.DataFrame,
    step_metrics: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Take the step that the report is about: the one whose network is the embedder."""
    step = best_step(step_metrics)
    tables = (embeddings, predictions, class_geometry)
    reported = tuple(table[table["step"] == step].reset_index(drop=True) for table in tables)
    return reported[0], reported[1], reported[2]


def score_classes(predictions: pd.DataFrame, class_geometry: pd.DataFrame) -> pd.DataFrame:
    """Score each class on the test images of the reported step."""
    return steps.class_table(predictions, class_geometry, int(class_geometry["step"].max()))


def count_confusions(
    predictions: pd.DataFrame, embeddings: pd.DataFrame, reporting: ReportingOptions
) -> pd.DataFrame:
    """Count the confusions of the reported step's test images."""
    test = steps.last_test_images(predictions)
    order = confusions.order_classes(embeddings, reporting.confusions.order)
    return scores.confusion_counts(test["class_name"], test["predicted_class"], order)


def find_confused_pairs(
    confusion_counts: pd.DataFrame, reporting: ReportingOptions
) -> pd.DataFrame:
    """List the most frequent confusions of the reported step's test images."""
    return scores.most_confused_pairs(confusion_counts, reporting.confusions.pairs)


def predict_by_classifiers(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit classifiers on the reported step's validation images; classify its test images."""
    chosen = reporting.classifiers.model_dump(exclude={"bootstrap_draws"})
    options = classifiers.ClassifierOptions(**chosen, seed=seed)
    return classifiers.predict_by_classifiers(embeddings, options)


def score_classifiers(
    classifier_predictions: pd.DataFrame,
    classifier_fits: pd.DataFrame,
    reporting: ReportingOptions,
    seed: int,
) -> pd.DataFrame:
    """Score the classifiers on the reported step's test images, with intervals."""
    draws = reporting.classifiers.bootstrap_draws
    return significance.score_classifiers(classifier_predictions, classifier_fits, draws, seed)


def measure_retrieval(embeddings: pd.DataFrame, reporting: ReportingOptions) -> pd.DataFrame:
    """Seek the reported step's test images among test and among validation images."""
    last = validation_steps(embeddings)[-1]
    return retrieval.measure_retrieval(embeddings, last, reporting.retrieval.ranks)


def measure_clustering(
    embeddings: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> dict[str, float | int]:
    """Compare the classes of the reported step's test images with clusters of them."""
    options = reporting.retrieval
    return clustering.measure_clustering(
        embeddings,
        validation_steps(embeddings)[-1],
        options.kmeans_starts,
        options.silhouette_images,
        seed,
    )


def measure_prevalence(
    predictions: pd.DataFrame, class_counts: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weight the reported step's test images as classes are frequent in the whole catalogue."""
    test = steps.last_test_images(predictions)
    catalogue = prevalence.catalogue_counts(class_counts)
    return (
        prevalence.measure_weighted_accuracy(test, catalogue),
        prevalence.measure_classes_at_prevalence(test, catalogue),
    )


def score_without_catch_alls(
    embeddings: pd.DataFrame, reporting: ReportingOptions
) -> dict[str, Any]:
    """Score the reported step's test images as if its catch-all classes did not exist."""
    last = validation_steps(embeddings)[-1]
    patterns = reporting.catch_all_classes
    return mistake_severity.score_without_catch_alls(embeddings, last, patterns)


def measure_mistake_severity(
    predictions: pd.DataFrame, class_geometry: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, float | int]]:
    """Measure how far apart true and predicted classes of the reported step's test images stand."""
    test = steps.last_test_images(predictions)
    last = class_geometry[class_geometry["step"] == class_geometry["step"].max()]
    names = [str(name) for name in last["class_name"]]
    return (
        mistake_severity.measure_mistake_severity(test, names),
        mistake_severity.summarise_mistake_severity(test, names),
    )


def judge_labels(
    embeddings: pd.DataFrame, splits: pd.DataFrame, reporting: ReportingOptions
) -> pd.DataFrame:
    """Ask the neighbours of the reported step's images for their labels."""
    neighbours = reporting.label_suspects.neighbours
    last = validation_steps(embeddings)[-1]
    return label_suspects.judge_labels(embeddings, last, splits, neighbours)


def rank_label_suspects(
    label_judgements: pd.DataFrame, image_manifest: pd.DataFrame, reporting: ReportingOptions
) -> pd.DataFrame:
    """List the images whose label may be wrong, for a curator."""
    paths = None
    if "path" in image_manifest:
        paths = dict(zip(image_manifest["image_id"], image_manifest["path"], strict=True))
    limit = reporting.label_suspects.limit
    return label_suspects.rank_label_suspects(label_judgements, limit, paths)


def map_embedding(
    embeddings: pd.DataFrame, predictions: pd.DataFrame, reporting: ReportingOptions, seed: int
) -> pd.DataFrame:
    """Map the reported step's images by UMAP."""
    options = embedding_map.MapOptions(**reporting.map.model_dump())
    return embedding_map.map_embedding(embeddings, predictions, options, seed)


def predict_from_pixels(
    image_store: ImageStore | None,
    splits: pd.DataFrame,
    data_summary: dict[str, Any],
    embedder_card: dict[str, Any],
) -> pd.DataFrame:
    """Classify the very images that the embedder was tested on without a network.

    No rows without images.
    """
    if image_store is None:
        return pd.DataFrame(columns=["image_id", "class_name", "predicted_class"])
    check_same_data(
        {
            "data_summary": data_summary["fingerprint"],
            "image_store": image_store.card.fingerprint,
            "embedder_card": embedder_card["data_fingerprint"],
        }
    )
    return raw_pixels.predict_from_pixels(image_store, splits)


def score_raw_pixels(pixel_predictions: pd.DataFrame) -> dict[str, float | int]:
    """Score the baseline without a network; empty without images."""
    if pixel_predictions.empty:
        return {}
    return scores.accuracy_summary(
        pixel_predictions["class_name"], pixel_predictions["predicted_class"]
    )


def compare_baselines(
    reported_embeddings: pd.DataFrame,
    closed_form_embeddings: pd.DataFrame,
    frozen_features: pd.DataFrame,
    pixel_predictions: pd.DataFrame,
    reporting: ReportingOptions,
    seed: int,
) -> pd.DataFrame:
    """Measure what the training added to the frozen backbone and to raw pixels."""
    predictions = baselines.predict_by_baselines(
        reported_embeddings, closed_form_embeddings, frozen_features, pixel_predictions
    )
    return baselines.compare_baselines(predictions, reporting.classifiers.bootstrap_draws, seed)


def summarise_scores(
    retrieval_scores: pd.DataFrame,
    weighted_accuracy: pd.DataFrame,
    class_prevalence: pd.DataFrame,
    label_judgements: pd.DataFrame,
    classifier_comparison: pd.DataFrame,
    baseline_comparison: pd.DataFrame,
) -> dict[str, Any]:
    """Take from tables what belongs to the metrics."""
    return {
        "baselines": baselines.summarise_baselines(baseline_comparison),
        "retrieval": retrieval.summarise_retrieval(retrieval_scores),
        "prevalence": prevalence.summarise_prevalence(weighted_accuracy, class_prevalence),
        "label_suspects": label_suspects.summarise_label_suspects(label_judgements),
        "classifiers": headline.summarise_classifiers(classifier_comparison),
    }


def collect_metrics(
    predictions: pd.DataFrame,
    step_metrics: pd.DataFrame,
    raw_pixel_baseline: dict[str, Any],
    score_summaries: dict[str, Any],
    **groups: dict[str, Any],
) -> dict[str, Any]:
    """Put all numbers of the run into one nested dictionary."""
    first = headline.collect_metrics(predictions, step_metrics, raw_pixel_baseline)
    return first | score_summaries | groups
