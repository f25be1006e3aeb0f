"""The code in README.md, CONTRIBUTING.md and docs/: blocks with their markers, and inline code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tiny_project import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
# A block that the tests do not run says why, in the line above it.
_MARKER = re.compile(r"<!-- *(not run|tested by|server|continues): *(.+?) *-->")
_FENCE = re.compile(r"^ *```+ *([\w-]*) *(.*)$")
_SHELLS = {"bash": "sh", "shell": "sh"}
_TITLE = re.compile(r'title="([^"]+)"')
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block; `marker` is the kind and the text of the comment above it, if any."""

    page: Path
    line: int
    language: str
    title: str
    text: str
    marker: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_checked(self) -> bool:
        """Whether its commands are to be known here."""
        return self.marker is None or self.marker[0] in ("server", "continues")


def read_blocks(page: Path) -> list[Block]:
    """Read the fenced blocks of a page, in their order."""
    return [found for found in _parts(page) if isinstance(found, Block)]


def read_inline_code(page: Path) -> list[str]:
    """Read what stands between single backticks outside of blocks, each on one line."""
    prose = "\n".join(found for found in _parts(page) if isinstance(found, str))
    return [" ".join(code.split()) for code in _INLINE.findall(prose)]


def _parts(page: Path) -> Iterator[Block | str]:
    """Yield blocks, and the lines between them."""
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    marker = None
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            if line.strip():
                marker = _MARKER.search(line)
            yield line
            continue
        text = []
        for _, inner in lines:
            if inner.strip().startswith("```"):
                break
            text.append(inner)
        title = _TITLE.search(fence[2])
        yield Block(
            page,
            number,
            _SHELLS.get(fence[1], fence[1]),
            title[1] if title else "",
            "\n".join(text) + "\n",
            (marker[1], marker[2]) if marker else None,
        )
        marker = None
