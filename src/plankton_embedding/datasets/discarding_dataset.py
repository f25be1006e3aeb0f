"""Kedro dataset: takes what it is given, and keeps nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class DiscardingDataset(AbstractDataset[Any, NoReturn]):
    """Stands where a run is to leave nothing on the disk; hooks see what is saved all the same.

    Parameters
    ----------
    metadata
        Of the dataset in whose place it stands.
    """

    def __init__(self, *, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def load(self) -> NoReturn:
        """Refuse."""
        raise DatasetError("nothing of this dataset was kept")

    def save(self, data: Any) -> None:
        """Keep nothing."""

    def _exists(self) -> bool:
        return False

    def _describe(self) -> dict[str, Any]:
        return {}
