"""Files of a location, whatever they are: on this machine, in a zip or on an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plankton_embedding.images.source import ImageSourceError, Location


@dataclass(frozen=True)
class FoundFile:
    """A file: its place from the location, in parts, and its path for the file system."""

    parts: tuple[str, ...]
    path: str

    @property
    def name(self) -> str:
        """The place from the location, with forward slashes; the same on every machine."""
        return "/".join(self.parts)


@dataclass(frozen=True)
class FoundFiles:
    """All files of a location, and the names of the folders in it, also empty ones."""

    files: list[FoundFile]
    folders: list[str]


def find_files(location: Location) -> FoundFiles:
    """Find all files of a folder and of the folders in it.

    A symbolic link to a folder is followed, once.

    Raises
    ------
    ImageSourceError
        If a folder cannot be read.
    """
    if location.is_local:
        root = Path(location.path)
        folders = [entry.name for entry in root.iterdir() if entry.is_dir()]
        return FoundFiles(list(_walk(root)), sorted(folders))
    root_parts = _parts(location.path)
    found = location.filesystem.find(location.path, withdirs=True, detail=True)
    files: list[FoundFile] = []
    top: set[str] = set()
    for path, facts in sorted(found.items()):
        parts = _parts(path)[len(root_parts) :]
        # Object stores keep an empty object for a folder, or none at all.
        if facts["type"] == "file" and parts and not path.endswith("/"):
            files.append(FoundFile(parts, path))
        is_folder = len(parts) > 1 or (parts and facts["type"] == "directory")
        top.update(parts[:1] if is_folder else ())
    return FoundFiles(files, sorted(top))


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _walk(root: Path) -> Iterator[FoundFile]:
    def refuse(error: OSError) -> None:
        raise ImageSourceError(
            f"the folder {error.filename} cannot be read: {error.strerror}. Mend its permissions "
            "or take it away."
        )

    entered = {os.path.realpath(root)}
    for folder, subfolders, names in os.walk(root, onerror=refuse, followlinks=True):
        real = {name: os.path.realpath(os.path.join(folder, name)) for name in sorted(subfolders)}
        subfolders[:] = [name for name in real if real[name] not in entered]
        entered.update(real.values())
        parts = Path(folder).relative_to(root).parts
        yield from (FoundFile((*parts, name), os.path.join(folder, name)) for name in names)
