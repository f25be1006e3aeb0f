"""Formulas as MathML, which browsers draw by themselves: no script, no network."""

from __future__ import annotations

from typing import Any

from latex2mathml.converter import convert


def format_formula(source: str, *_: Any, **__: Any) -> str:
    """Format the text of a fenced block ``math``, for pymdownx.superfences."""
    return f'<div class="formula">{convert(source, display="block")}</div>'
