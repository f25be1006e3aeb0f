"""Room on a disk: asked for before a store is built, and missed in plain words."""

from __future__ import annotations

import errno
import fcntl
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plankton_embedding.images.shards import ImageStoreError

logger = logging.getLogger(__name__)

_MEBIBYTE = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_room(folder: Path, needed: int) -> None:
    """Check that a folder's disk has room for so many bytes.

    Raises
    ------
    ImageStoreError
        If it has not.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise _full(folder, needed, free)


@contextmanager
def locked(building: Path) -> Iterator[None]:
    """Keep others from writing shards into a folder; wait where they do."""
    building.parent.mkdir(parents=True, exist_ok=True)
    with building.with_name(f"{building.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.warning("Another run writes into %s: waiting for it", building)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def report_full_disk(folder: Path, needed: int) -> Iterator[None]:
    """Say in plain words that a disk became full while bytes were written into a folder.

    Raises
    ------
    ImageStoreError
        Instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _full(folder, needed, shutil.disk_usage(folder).free) from error


def _full(folder: Path, needed: int, free: int) -> ImageStoreError:
    return ImageStoreError(
        f"the disk of {folder} is full: {needed / _MEBIBYTE:,.0f} MiB are needed and "
        f"{free / _MEBIBYTE:,.0f} MiB free. Make room (earlier versions of the image store can be "
        "deleted) and run again: the build goes on where it stopped. Or lower "
        "preprocess.image_size."
    )
