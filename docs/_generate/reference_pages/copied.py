"""Pages that are files of the project: their links lead elsewhere on the site."""

from __future__ import annotations

import re

_LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#\s]+)(#[^)\s]*)?\)")
_PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}


def copied_page(text: str, until: str | None = None) -> str:
    """Return the text of a file in the project's folder as a page of the site.

    Parameters
    ----------
    until
        A heading, which is left out with all that follows.
    """
    if until is not None:
        text = text.partition(f"\n{until}\n")[0] + "\n"
    return _LINK.sub(_lead_elsewhere, text).replace('="docs/', '="')


def _lead_elsewhere(link: re.Match[str]) -> str:
    text, target, place = link[1], link[2], link[3] or ""
    if "://" in target:
        return link[0]
    if target.startswith("docs/"):
        return f"{text}({target.removeprefix('docs/')}{place})"
    if target in _PAGES:
        return f"{text}({_PAGES[target]}{place})"
    # The site has no page of it.
    return text.strip("![]")
