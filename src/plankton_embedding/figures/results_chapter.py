"""The chapter of the report about training and its results."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup

from plankton_embedding.analysis.scores import most_confused_pairs
from plankton_embedding.figures.confusion import draw_confusion_matrix
from plankton_embedding.figures.geometry import draw_geometry_over_steps
from plankton_embedding.figures.page import inline_figure, render
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.training_curves import draw_training_curves

_MOST_PAIRS = 15
_WIDE_FROM_CLASSES = 45


def render_results_chapter(
    training_history: pd.DataFrame,
    step_metrics: pd.DataFrame,
    class_metrics: pd.DataFrame,
    confusion_counts: pd.DataFrame,
    principal_components: go.Figure,
) -> str:
    """Render the chapter from the tables of the same names.

    Returns
    -------
    str
        HTML, with its figures inline.
    """
    return render(
        "results.html",
        epochs=len(training_history),
        speed=_median_speed(training_history),
        losses=sorted(training_history["loss"].astype(str).unique()),
        training_curves=inline_figure(
            draw_training_curves(training_history), "Training and validation loss over epochs"
        ),
        steps=step_metrics.sort_values("step").to_dict("records"),
        geometry=inline_figure(
            draw_geometry_over_steps(step_metrics), "Accuracy and geometry over steps"
        ),
        last_step=int(step_metrics["step"].max()),
        confusion_matrix=inline_figure(
            draw_confusion_matrix(confusion_counts), "Confusion matrix of the test images"
        ),
        wide=len(confusion_counts) > _WIDE_FROM_CLASSES,
        pairs=most_confused_pairs(confusion_counts, _MOST_PAIRS).to_dict("records"),
        classes=_class_rows(class_metrics),
        principal_components=_script_safe(principal_components),
    )


def _class_rows(class_metrics: pd.DataFrame) -> list[dict[Hashable, Any]]:
    with_centroid = class_metrics.loc[class_metrics["radius"].notna(), "class_name"]
    colours = class_colours([str(name) for name in with_centroid])
    names = class_metrics["class_name"].astype(str)
    return class_metrics.assign(colour=names.map(colours)).to_dict("records")


def _median_speed(training_history: pd.DataFrame) -> float | None:
    speed = training_history["images_per_second"].median()
    return None if pd.isna(speed) else float(speed)


def _script_safe(figure: go.Figure) -> Markup:
    # Inside <script> HTML entities are not read, so "<" is written as JSON can write it.
    return Markup(figure.to_json().replace("<", "\\u003c"))
