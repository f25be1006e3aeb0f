"""Pieces of Markdown."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Iterable, Sequence

_BREAKS = re.compile(r"([_./=,])(?=\w)")
# What Markdown would take for emphasis or links.
_MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "_*[]`~^"})


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; pipes and line breaks in its cells do not end them."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """Return text as code that a narrow column breaks between its parts."""
    if not text:
        return ""
    broken = _BREAKS.sub(r"\1<wbr>", html.escape(text))
    return f"<code>{broken.translate(_MARKS)}</code>"


def anchor(name: str) -> str:
    """Return a place that can be linked to."""
    return f'<a id="{name}"></a>'


def first_paragraph(documented: object) -> str:
    """Return the first paragraph of a docstring, on one line."""
    text = inspect.getdoc(documented) or ""
    return " ".join(text.partition("\n\n")[0].split())


def sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop."""
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".:!?" else ".")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
