"""What an earlier scan saw: files that did not change since are not read again."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from plankton_embedding.images.describe import DESCRIPTION_COLUMNS
from plankton_embedding.images.source import as_text
from plankton_embedding.parameters import ScanOptions

# Goes up whenever a scan says something else of the same file.
SCAN_VERSION = 1
# A file that changes twice within the resolution of its clock keeps its time: the second change
# would not be noticed. Files that were so young when a scan began are read again, as git does.
_YOUNG_NANOSECONDS = 2_000_000_000
# What file systems call the state of a file, the best first.
_STATES = ("ETag", "md5Hash", "CRC", "mtime", "LastModified", "updated")


@dataclass(frozen=True)
class EarlierManifest:
    """The manifest of an earlier scan; empty, where there was none.

    Attributes
    ----------
    table
        As from `scan_images`.
    began
        When the scan began, or any time before: nanoseconds since 1970.
    """

    table: pd.DataFrame
    began: int


def mark_files(
    filesystem: AbstractFileSystem, files: pd.DataFrame, options: ScanOptions
) -> pd.DataFrame:
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
    DataFrame, by the index of `files`
        ``scanned_as``: where it is equal a scan would see the same; empty: not known.
        ``changed``: nanoseconds since 1970, 0 where the file system says it in words of its own.
    """
    scan = f"{SCAN_VERSION} {options.min_side} {options.max_pixels}"
    marks, times = [], []
    for path, reason in zip(files["path"], files["reason"], strict=True):
        state, changed = _state(filesystem, path)
        marks.append(f"{scan} {'listed' if reason else 'decoded'} {state}" if state else "")
        times.append(changed)
    table = pd.DataFrame({"scanned_as": marks, "changed": times}, index=files.index)
    return table.astype({"scanned_as": "str", "changed": "int64"})


def take_over(
    earlier: EarlierManifest | None, files: pd.DataFrame, marks: pd.DataFrame
) -> pd.DataFrame:
    """Return what an earlier manifest says of files that did not change since.

    Parameters
    ----------
    earlier
        None: nothing is taken over.
    files
        ``path``.
    marks
        Of the same files, from `mark_files`.

    Returns
    -------
    DataFrame
        The columns of `DESCRIPTION_COLUMNS`, by the index of `files`; files that must be read are
        left out.
    """
    columns = list(DESCRIPTION_COLUMNS)
    if earlier is None or not {"path", "scanned_as", *columns} <= set(earlier.table):
        return pd.DataFrame(columns=columns).astype(DESCRIPTION_COLUMNS)
    old = marks["changed"] < earlier.began - _YOUNG_NANOSECONDS
    keys = pd.DataFrame(
        {"path": files["path"].map(as_text), "scanned_as": marks["scanned_as"]}, index=files.index
    )[old]
    table = earlier.table
    known = table.loc[table["scanned_as"].ne(""), ["path", "scanned_as", *columns]]
    known = known.drop_duplicates(["path", "scanned_as"])
    merged = keys.reset_index(names="row").merge(known, on=["path", "scanned_as"])
    return merged.set_index("row")[columns].astype(DESCRIPTION_COLUMNS)


def _state(filesystem: AbstractFileSystem, path: str) -> tuple[str, int]:
    try:
        if isinstance(filesystem, LocalFileSystem):
            status = os.stat(path)
            state = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
            return state, max(status.st_mtime_ns, status.st_ctime_ns)
        info = filesystem.info(path)
    except OSError:
        return "", 0
    state = next((info[name] for name in _STATES if info.get(name)), "")
    return (f"{info.get('size')} {state}" if state else ""), 0
