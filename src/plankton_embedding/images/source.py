"""A source of images: which files there are and of what class, before any of them is opened."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.zip import ZipFileSystem

from plankton_embedding.errors import UserError
from plankton_embedding.images.decode import UnreadableImageError

# What every source says of a file; further columns are the source's own.
SOURCE_COLUMNS = {
    "image_id": "str",
    # Not "str": a file name need not be text.
    "path": "object",
    "class_name": "str",
    "prepared_split": "str",
    "reason": "str",
}

# What the image manifest says of its own; a source's column of such a name is called source_NAME.
RESERVED_COLUMNS = (
    *("width", "height", "mode", "bytes", "sha256", "perceptual_hash", "orientation", "frames"),
    *("scale_bar", "status", "scanned_as", "split", "group", *SOURCE_COLUMNS),
)


class ImageSourceError(UserError):
    """The images cannot be found or listed; the message says why and what to do."""


@dataclass(frozen=True)
class Location:
    """Where images lie: a file or a folder of a file system.

    Attributes
    ----------
    filesystem, path
        Of fsspec.
    address
        What people call it, where that is not the path.
    """

    filesystem: AbstractFileSystem
    path: str
    address: str = ""

    def __str__(self) -> str:
        if self.address:
            return self.address
        return str(self.filesystem.unstrip_protocol(self.path)).removeprefix("file://")

    @property
    def is_local(self) -> bool:
        """Whether it is a place of this machine."""
        return isinstance(self.filesystem, LocalFileSystem)


@dataclass(frozen=True)
class ImageSource:
    """All files of a source, also those that cannot be images of a class.

    Attributes
    ----------
    location
        Where they were found.
    class_names
        Sorted; one may be without a file.
    files
        One row a file, sorted by image_id: ``image_id`` (unique, and the same on every machine:
        the path from the location, with forward slashes), ``path`` (of the file system),
        ``class_name`` (empty outside any class), ``prepared_split`` (train, validation or test,
        where somebody split before; else empty), ``reason`` (why it cannot be an image of a
        class; empty: it can), and columns of the source's own.
    """

    location: Location
    class_names: tuple[str, ...]
    files: pd.DataFrame


def read_file(filesystem: AbstractFileSystem, path: str) -> bytes:
    """Read a whole file, once.

    Raises
    ------
    UnreadableImageError
        If it is no regular file.
    OSError
        If it cannot be read.
    """
    if not isinstance(filesystem, LocalFileSystem):
        return _read_remote_file(filesystem, path)
    # A named pipe would be waited for without end.
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise UnreadableImageError("not a regular file")
    return Path(path).read_bytes()


def _read_remote_file(filesystem: AbstractFileSystem, path: str) -> bytes:
    try:
        if isinstance(filesystem, ZipFileSystem):
            return _read_member(filesystem, path)
        content: bytes = filesystem.cat_file(path)
    except OSError:
        raise
    # Clients of object stores and zip readers have errors of their own.
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    return content


def _read_member(filesystem: ZipFileSystem, path: str) -> bytes:
    # Not by `cat_file`: that unpacks whatever there is, more than the header says if it lies, and
    # is not made for several threads.
    with filesystem.zip.open(path) as member:
        content: bytes = member.read(filesystem.zip.getinfo(path).file_size)
        # The checksum is looked at when the end is reached.
        member.read(1)
    return content


def as_text(name: str) -> str:
    r"""Return a file name that a table can hold: bytes that are no UTF-8 are shown as \udcff."""
    return name.encode(errors="backslashreplace").decode()
