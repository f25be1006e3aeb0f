"""What datasets that are a versioned folder have in common."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from kedro.io import AbstractVersionedDataset, Version

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class VersionedFolder(AbstractVersionedDataset[Saved, Loaded]):
    """A dataset that is a folder on the local disk.

    Parameters
    ----------
    filepath
        The folder; with ``versioned: true`` each version lies in
        ``<filepath>/<version>/<name of the folder>``.
    version
        Set by Kedro.
    metadata
        Free; Kedro-Viz and the tracking hook read theirs.
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.metadata = metadata
        super().__init__(filepath=PurePosixPath(filepath), version=version)

    def load_folder(self) -> Path:
        """Return the folder that `load` reads."""
        return Path(self._get_load_path())

    def save_folder(self) -> Path:
        """Return the folder that `save` writes; with versions it does not exist yet."""
        return Path(self._get_save_path())

    def growing_folder(self) -> Path:
        """Return the folder that `save` adds to, chunk after chunk of a generator node."""
        version = self.resolve_save_version()
        return Path(self._filepath if version is None else self._get_versioned_path(version))

    def _exists(self) -> bool:
        return self.load_folder().is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}
