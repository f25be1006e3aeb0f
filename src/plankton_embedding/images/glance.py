"""A glance at a source of images: a few of them, without listing the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from fsspec.implementations.zip import ZipFileSystem

from plankton_embedding.images.decode import (
    GrayPlane,
    UnreadableImageError,
    open_image,
    to_gray,
)
from plankton_embedding.images.source import Location, read_file

# A look, not a scan: of a folder of a hundred thousand files no more entries than these are read.
_FOLDERS, _FILES = 60, 6
_MOST_PIXELS = 4_000_000
_WHITE = 255


def glance_at(location: Location, most: int) -> list[tuple[str, GrayPlane]]:
    """Return some images of a folder or a zip of class folders, those of many classes first.

    Files that are no images are passed over.

    Parameters
    ----------
    location
        What lies on an object store or in a table is left alone: listing it takes too long.
    most
        How many, at most.

    Returns
    -------
    list of name from the location and gray plane
    """
    folders = _name_files(location)
    # One of each class, then the second of each, and so on.
    turns = (names[turn] for turn in range(_FILES) for names in folders if turn < len(names))
    readable = ((name, _read(location, name)) for name in turns)
    return list(islice(((name, plane) for name, plane in readable if plane is not None), most))


def _name_files(location: Location) -> list[list[str]]:
    if isinstance(location.filesystem, ZipFileSystem):
        return _name_members(location.filesystem)
    if not location.is_local or not os.path.isdir(location.path):
        return []
    root = Path(location.path)
    folders = sorted(entry.name for entry in islice(os.scandir(root), 1000) if entry.is_dir())
    named = [sorted(_first_files(root, folder)) for folder in folders[:_FOLDERS]]
    return [*named, sorted(_first_files(root, "."))]


def _first_files(root: Path, folder: str) -> Iterator[str]:
    with os.scandir(root / folder) as entries:
        files = (entry.name for entry in entries if entry.is_file())
        yield from (str(Path(folder, name)) for name in islice(files, _FILES))


def _name_members(archive: ZipFileSystem) -> list[list[str]]:
    by_folder: dict[str, list[str]] = {}
    for name in sorted(archive.zip.namelist()):
        if not name.endswith("/"):
            by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    return [names[:_FILES] for names in islice(by_folder.values(), _FOLDERS)]


def _read(location: Location, name: str) -> GrayPlane | None:
    path = os.path.join(location.path, name) if location.path else name
    try:
        image = open_image(read_file(location.filesystem, path), _MOST_PIXELS).pixels
        return to_gray(image, _WHITE)
    except (OSError, UnreadableImageError):
        return None
