"""A finding about a collection of images, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

# Of many names so many are told.
NAMED = 5

Level = Literal["problem", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """What was seen, and what to do about it; `level` says how much it matters."""

    level: Level
    seen: str
    advice: str


def name_some(names: pd.Index) -> str:
    """Write the first names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(map(str, names[:NAMED])) + (f" and {more} more" if more > 0 else "")
