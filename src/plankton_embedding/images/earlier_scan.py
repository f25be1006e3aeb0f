"""What an earlier scan saw: files that did not change since are not read again."""

from __future__ import annotations

import os
import time

import pandas as pd
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from plankton_embedding.images.describe import DESCRIPTION_COLUMNS
from plankton_embedding.images.source import as_text
from plankton_embedding.parameters import ScanOptions

# Goes up whenever a scan says something else of the same file.
SCAN_VERSION = 1
# A file that changes twice within the resolution of its clock keeps its time: the second change
# would not be noticed. Such young files are read again by the next scan, as git does.
_YOUNG_NANOSECONDS = 2_000_000_000
# What file systems call the state of a file, the best first.
_STATES = ("ETag", "md5Hash", "CRC", "mtime", "LastModified", "updated")


def mark_files(
    filesystem: AbstractFileSystem, files: pd.DataFrame, options: ScanOptions
) -> pd.Series:
    """Mark files by their state, without reading them.

    Parameters
    ----------
    filesystem
        Where they are.
    files
        ``path`` and ``reason``, as listed.
    options
        A scan by other options sees other things.

    Returns
    -------
    Series of str
        Equal marks: a scan would see the same. Empty: not known.
    """
    now = time.time_ns()
    scan = f"{SCAN_VERSION} {options.min_side} {options.max_pixels}"
    marks = []
    for path, reason in zip(files["path"], files["reason"], strict=True):
        state = _state(filesystem, path, now)
        marks.append(f"{scan} {'listed' if reason else 'decoded'} {state}" if state else "")
    return pd.Series(marks, index=files.index, dtype="str")


def take_over(earlier: pd.DataFrame | None, files: pd.DataFrame, marks: pd.Series) -> pd.DataFrame:
    """Return what an earlier manifest says of files that did not change since.

    Returns
    -------
    DataFrame
        The columns of `DESCRIPTION_COLUMNS`, by the index of `files`; files that must be read are
        left out.
    """
    columns = list(DESCRIPTION_COLUMNS)
    if earlier is None or not {"path", "scanned_as", *columns} <= set(earlier):
        return pd.DataFrame(columns=columns).astype(DESCRIPTION_COLUMNS)
    keys = pd.DataFrame(
        {"path": files["path"].map(as_text), "scanned_as": marks}, index=files.index
    )
    known = earlier.loc[earlier["scanned_as"].ne(""), ["path", "scanned_as", *columns]]
    known = known.drop_duplicates(["path", "scanned_as"])
    merged = keys.reset_index(names="row").merge(known, on=["path", "scanned_as"])
    return merged.set_index("row")[columns].astype(DESCRIPTION_COLUMNS)


def _state(filesystem: AbstractFileSystem, path: str, now: int) -> str:
    try:
        if isinstance(filesystem, LocalFileSystem):
            status = os.stat(path)
            changed = max(status.st_mtime_ns, status.st_ctime_ns)
            if now - changed < _YOUNG_NANOSECONDS:
                return ""
            return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
        info = filesystem.info(path)
    except OSError:
        return ""
    state = next((info[name] for name in _STATES if info.get(name)), "")
    return f"{info.get('size')} {state}" if state else ""
