"""Keys of our own YAML files with their comments, which YAML's readers throw away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_KEY = re.compile(r"^( *)([A-Za-z_][\w-]*):(?: (.*))?$")
# A number sign within quotes begins no comment.
_VALUE = re.compile(r"""^((?:"[^"]*"|'[^']*'|[^#"']|(?<! )#)*?)(?:(?:^| +)# ?(.*))?$""")


@dataclass(frozen=True)
class CommentedKey:
    """A key, by its dotted name; the value as it is written, empty where a block follows."""

    name: str
    value: str
    comment: str


def read_commented_keys(path: Path) -> Iterator[CommentedKey]:
    """Read the keys of a file in their order.

    The comment of a key stands behind it, or in the lines just above it. A blank line ends a
    comment that belongs to no key.
    """
    place: list[tuple[int, str]] = []
    above: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("#"):
            above.append(text.removeprefix("#").strip())
        elif match := _KEY.match(line):
            indent, key, rest = len(match[1]), match[2], match[3] or ""
            place = [(column, name) for column, name in place if column < indent] + [(indent, key)]
            value, behind = _split_comment(rest)
            comment = " ".join([*above, behind]).strip()
            yield CommentedKey(".".join(name for _, name in place), value, comment)
            above = []
        else:
            above = []


def header(path: Path) -> str:
    """Return the comment that a file begins with, if a blank line sets it apart."""
    paragraph, blank, _ = path.read_text(encoding="utf-8").partition("\n\n")
    lines = paragraph.splitlines()
    if not blank or not all(line.startswith("#") for line in lines):
        return ""
    return " ".join(line.lstrip("# ") for line in lines)


def _split_comment(rest: str) -> tuple[str, str]:
    match = _VALUE.match(rest)
    if match is None:
        raise ValueError(f"neither value nor comment: {rest!r}")
    return match[1].strip(), (match[2] or "").strip()
