"""The chapters of the report: each turns tables and drawn figures into a part of the page.

A figure comes as it was drawn or, from the catalogue, as the SVG that it was saved as.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
from markupsafe import Markup

from plankton_embedding.figures.kinds import Drawn, InteractiveFigure
from plankton_embedding.figures.page import inline_data, inline_figure, render
from plankton_embedding.figures.palette import class_colours

_WIDE_FROM_CLASSES = 45


def render_training_chapter(
    training_history: pd.DataFrame,
    step_metrics: pd.DataFrame,
    training_curves: Drawn,
    geometry_over_steps: Drawn,
    radii_over_steps: Drawn,
) -> str:
    """Render the chapter about the training and its steps."""
    trained = training_history[training_history["stage"] != "closed_form"]
    return render(
        "training.html",
        epochs=len(trained),
        has_closed_form=len(trained) < len(training_history),
        speed=_median_speed(trained),
        losses=sorted(trained["loss"].astype(str).unique()),
        steps=step_metrics.sort_values("step").to_dict("records"),
        training_curves=inline_figure(
            training_curves, "Training and validation loss over epochs, and the learning rate"
        ),
        geometry=inline_figure(geometry_over_steps, "Accuracy and geometry over steps"),
        radii=inline_figure(radii_over_steps, "Radius and movement of each class over steps"),
    )


def render_confusions_chapter(
    confusion_counts: pd.DataFrame,
    confusion_matrix: Drawn,
    confusion_shares: Drawn,
    confusion_slider: InteractiveFigure,
    confused_pairs_section: str,
) -> str:
    """Render the chapter about what is taken for what."""
    return render(
        "confusions.html",
        matrix=inline_figure(confusion_matrix, "Confusion matrix of test images, as counts"),
        shares=inline_figure(confusion_shares, "Confusion matrix of test images, as shares"),
        slider=inline_data(confusion_slider),
        pairs=Markup(confused_pairs_section),
        wide=len(confusion_counts) > _WIDE_FROM_CLASSES,
    )


def render_classes_chapter(
    class_metrics: pd.DataFrame,
    class_scores: Drawn,
    class_similarity: Drawn,
) -> str:
    """Render the chapter about each class, and which classes are alike."""
    return render(
        "classes.html",
        classes=_class_rows(class_metrics),
        scores=inline_figure(class_scores, "Recall and precision of each class"),
        similarity=inline_figure(class_similarity, "Separations of classes, and their tree"),
        wide=len(class_metrics) > _WIDE_FROM_CLASSES,
    )


def render_components_chapter(
    explained_variance: Drawn,
    component_views: Drawn,
    standardised_views: Drawn,
    principal_components: InteractiveFigure,
    central_share: float,
) -> str:
    """Render the chapter about the principal components."""
    return render(
        "components.html",
        explained=inline_figure(explained_variance, "Variance explained by each component"),
        views=inline_figure(component_views, "Classes along pairs of principal components"),
        standardised=inline_figure(
            standardised_views, "Classes along pairs of components of the standardised embedding"
        ),
        solid=inline_data(principal_components),
        central_share=central_share,
    )


def render_movement_chapter(
    embedding_animation: InteractiveFigure, radius_animation: InteractiveFigure
) -> str:
    """Render the chapter about how the embedding took shape."""
    return render(
        "movement.html",
        ellipsoids=inline_data(embedding_animation),
        spheres=inline_data(radius_animation),
    )


def render_map_chapter(embedding_map: pd.DataFrame, embedding_map_figure: Drawn) -> str:
    """Render the chapter that shows the map, and says where to explore it."""
    first = embedding_map.iloc[0]
    return render(
        "map.html",
        map=inline_figure(embedding_map_figure, "Map of validation and test images"),
        images=len(embedding_map),
        embedded_images=int(first["embedded_images"]),
        method=str(first["method"]),
    )


def render_classifiers_chapter(
    classifier_comparison: pd.DataFrame,
    classifier_differences: pd.DataFrame,
    classifier_figure: Drawn,
) -> str:
    """Render the chapter that compares classifiers on the embedding."""
    return render(
        "classifiers.html",
        figure=inline_figure(classifier_figure, "Scores and times of classifiers"),
        classifiers=classifier_comparison.to_dict("records"),
        differences=classifier_differences.to_dict("records"),
    )


def render_scores_chapter(
    metrics: dict[str, Any],
    data_summary: dict[str, Any],
    baseline_comparison: pd.DataFrame,
    retrieval_figure: Drawn,
    weighted_accuracy_figure: Drawn,
    mistake_severity_figure: Drawn,
) -> str:
    """Render the chapter about baselines, retrieval, class frequencies and severity."""
    return render(
        "scores.html",
        metrics=metrics,
        given=data_summary.get("given", False),
        baselines=baseline_comparison.to_dict("records"),
        retrieval=inline_figure(retrieval_figure, "Retrieval and clustering of test images"),
        weighted=inline_figure(weighted_accuracy_figure, "Accuracy under several weightings"),
        severity=inline_figure(mistake_severity_figure, "Mistakes by severity, beside chance"),
    )


def describe_unseen(
    zero_shot_scores: pd.DataFrame, zero_shot_left_out: pd.DataFrame, novelty: pd.DataFrame
) -> dict[str, Any]:
    """Return what the chapter about the open world says of unseen classes."""
    unseen = novelty[novelty["split"] == "unseen"]
    left_out = zero_shot_left_out.astype(str).drop_duplicates("class_name")
    return {
        "unseen_images": len(unseen),
        "unseen_classes": sorted(unseen["class_name"].astype(str).unique()),
        "unknown_images": int((~novelty["known"]).sum()),
        "draws": int(zero_shot_scores["draws"].max()) if len(zero_shot_scores) else 0,
        "left_out": [
            f"{row.class_name} ({row.images} images)" for row in left_out.itertuples(index=False)
        ],
    }


def render_open_world_chapter(
    open_world_values: dict[str, Any],
    calibration_summary: dict[str, Any],
    novelty_thresholds: pd.DataFrame,
    *figures: Drawn,
) -> str:
    """Render the chapter about unseen classes, unknown images and confidence.

    Parameters
    ----------
    open_world_values : dict
        As from `describe_unseen`.
    calibration_summary : dict
    novelty_thresholds : DataFrame
    figures : Figure or str
        Zero-shot scores, rejection curves, open-set accuracy, community distances, reliability.
    """
    names = ("zero_shot", "rejection", "open_set", "community", "reliability")
    descriptions = (
        "Accuracy on unseen classes against images in the support set",
        "How well unknown images are told from known ones",
        "Open-set accuracy over thresholds",
        "Distance of predicted to true communities over thresholds",
        "How often it is right, against how sure it is",
    )
    drawn = {
        name: inline_figure(figure, description)
        for name, figure, description in zip(names, figures, descriptions, strict=True)
    }
    return render(
        "open_world.html",
        kept_share=float(novelty_thresholds["kept_share"].iloc[0]),
        calibration=calibration_summary,
        **open_world_values,
        **drawn,
    )


def _class_rows(class_metrics: pd.DataFrame) -> list[dict[Hashable, Any]]:
    with_centroid = class_metrics.loc[class_metrics["radius"].notna(), "class_name"]
    colours = class_colours([str(name) for name in with_centroid])
    names = class_metrics["class_name"].astype(str)
    return class_metrics.assign(colour=names.map(colours)).to_dict("records")


def _median_speed(training_history: pd.DataFrame) -> float | None:
    speed = pd.to_numeric(training_history["images_per_second"]).median()
    return None if pd.isna(speed) else float(speed)
