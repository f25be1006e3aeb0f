"""The report: one self-contained page that opens anywhere, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from plankton_embedding.figures.page import render


def render_page(
    title: str,
    metrics: dict[str, Any],
    data_summary: dict[str, Any],
    chapters: Sequence[str],
) -> str:
    """Put the headline numbers and the chapters into one HTML page.

    Parameters
    ----------
    title : str
    metrics : dict
        As from `plankton_embedding.analysis.headline.collect_metrics`.
    data_summary : dict
        ``fingerprint``, ``images_found``, ``images_accepted``, ``images_rejected``, ``classes``.
    chapters : sequence of str
        HTML, as from the functions of `chapters`; in the order in which they stand.

    Returns
    -------
    str
        HTML with its styles, scripts and figures inline, some 5 MB, mostly plotly.js.
    """
    from plotly.offline import get_plotlyjs

    return render(
        "report.html",
        title=title,
        metrics=metrics,
        summary=data_summary,
        chapters=[Markup(chapter) for chapter in chapters],  # rendered and escaped by us
        plotly_library=Markup(get_plotlyjs()),
    )
