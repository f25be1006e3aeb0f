"""Nodes that write the page: chapters out of tables and figures, the report out of chapters."""

from __future__ import annotations

from typing import Any

import pandas as pd

from plankton_embedding.analysis.label_suspects import summarise_label_suspects
from plankton_embedding.figures import chapters
from plankton_embedding.figures import data_chapter as data_chapters
from plankton_embedding.figures import label_suspects as suspect_sheets
from plankton_embedding.figures.kinds import Drawn, InteractiveFigure
from plankton_embedding.figures.report import render_page
from plankton_embedding.parameters import ReportingOptions


def render_components_chapter(
    explained_variance: Drawn,
    component_views: Drawn,
    standardised_views: Drawn,
    principal_components: InteractiveFigure,
    reporting: ReportingOptions,
) -> str:
    """Render the report's chapter about the principal components."""
    return chapters.render_components_chapter(
        explained_variance,
        component_views,
        standardised_views,
        principal_components,
        reporting.components.central_share,
    )


def render_suspects_chapter(
    suspects: pd.DataFrame,
    label_judgements: pd.DataFrame,
    suspect_pictures: suspect_sheets.SuspectPictures,
    reporting: ReportingOptions,
) -> str:
    """Render the report's chapter about labels to look at again."""
    counts = summarise_label_suspects(label_judgements)
    shown = reporting.label_suspects.shown
    return str(suspect_sheets.render_label_suspects(suspects, counts, suspect_pictures, shown))


def render_data_chapter(
    class_counts: pd.DataFrame,
    class_counts_figure: Drawn,
    image_manifest: pd.DataFrame,
    data_summary: dict[str, Any],
    embedder_card: dict[str, Any],
    reporting: ReportingOptions,
) -> str:
    """Render the report's chapter about images and provenance."""
    options = reporting.model_dump()
    return data_chapters.render_data_chapter(
        class_counts, class_counts_figure, image_manifest, data_summary, embedder_card, options
    )


def render_report(
    metrics: dict[str, Any],
    data_summary: dict[str, Any],
    reporting: ReportingOptions,
    *parts: str,
) -> str:
    """Render the report as one self-contained HTML page."""
    return render_page(reporting.title, metrics, data_summary, parts)
