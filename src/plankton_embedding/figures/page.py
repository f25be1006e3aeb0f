"""The page's template environment: escaping, filters, figures inline."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isnan
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from plankton_embedding.figures.kinds import Drawn, InteractiveFigure
from plankton_embedding.figures.style import figure_to_svg

_DESCRIPTION = re.compile(r'aria-label="[^"]*"')
_NO_VALUE = "\N{EN DASH}"


def render(template: str, **values: Any) -> str:
    """Fill in a template of the package; every value is HTML-escaped unless it is `Markup`."""
    return _environment().get_template(template).render(**values)


def inline_figure(figure: Drawn, description: str) -> Markup:
    """Return a figure for the page.

    Parameters
    ----------
    figure : Figure or str
        As drawn, or the SVG that it was saved as by `figure_to_svg`: letters are outlines there.
    description : str
        Read out by screen readers.
    """
    if isinstance(figure, str):
        return Markup(_DESCRIPTION.sub(f'aria-label="{escape(description)}"', figure, count=1))
    return Markup(figure_to_svg(figure, description))


def inline_data(figure: InteractiveFigure) -> Markup:
    """Return an interactive figure as JSON for a ``<script>`` of the page.

    HTML entities are not read there, so "<" is written as JSON can write it.
    """
    return Markup(figure.to_json().replace("<", "\\u003c"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("plankton_embedding.figures"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        breakable=_breakable, count=_count, decimal=_decimal, percent=_percent
    )
    return environment


def _percent(share: float | None, digits: int = 1) -> str:
    return _NO_VALUE if share is None or isnan(share) else f"{100 * share:.{digits}f} %"


def _decimal(value: float | None, digits: int = 3) -> str:
    return _NO_VALUE if value is None or isnan(value) else f"{value:.{digits}f}"


def _count(value: float | None) -> str:
    return _NO_VALUE if value is None or isnan(value) else f"{value:,.0f}"


def _breakable(name: str) -> Markup:
    """Escape a name and let it break after underscores and slashes."""
    escaped = escape(name)
    return escaped.replace("_", Markup("_<wbr>")).replace("/", Markup("/<wbr>"))
