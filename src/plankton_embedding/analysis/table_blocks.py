"""A table that is too long for memory: read block by block, each time it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class TableBlocks:
    """Tables of the same columns, one after the other.

    Attributes
    ----------
    read
        Begins to read them, from the first.
    """

    read: Callable[[], Iterator[pd.DataFrame]]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return self.read()

    def map(self, function: Callable[[pd.DataFrame], pd.DataFrame]) -> TableBlocks:
        """Return what a function makes of each, when it is read."""
        return TableBlocks(lambda: (function(block) for block in self))

    def whole(self) -> pd.DataFrame:
        """Read all of it into memory."""
        return pd.concat(list(self), ignore_index=True)
