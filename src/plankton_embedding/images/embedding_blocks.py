"""Blocks of image files that are embedded one after the other, and known again by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from plankton_embedding.images.earlier_scan import mark_files
from plankton_embedding.images.shard_plan import number_chunks
from plankton_embedding.images.source import ImageSource, as_text
from plankton_embedding.parameters import ScanOptions

# Goes up whenever blocks of the same key would hold something else.
_FORMAT = 1


@dataclass(frozen=True)
class PlannedBlock:
    """A block to be: files that lie side by side in a list of files.

    Attributes
    ----------
    number, of
        Its place, from 0, and how many blocks there are.
    key
        Hash of all that its embeddings hang on: the state of each file, the embedder, how the
        files are read. A block of the same key is the same block. Empty: the state of some file
        is not known, and the block is never known again.
    files
        ``image_id``, ``path``, ``class_name``, ``reason``.
    """

    number: int
    of: int
    key: str
    files: pd.DataFrame


@dataclass(frozen=True)
class EmbeddedBlock:
    """A block, embedded.

    Attributes
    ----------
    plan
        What was to be embedded.
    content
        One row a file: ``image_id``, ``path``, ``class_name``, ``reason`` (why it could not be
        embedded; empty: it was) and ``e00``, ``e01``, … float32, missing where it was not. Or the
        file that an earlier run wrote this very table to.
    """

    plan: PlannedBlock
    content: pd.DataFrame | Path


EarlierBlocks = Mapping[str, Path]


def plan_blocks(
    source: ImageSource, images_per_block: int, scan: ScanOptions, recipe: str
) -> list[PlannedBlock]:
    """Cut the files of a source into blocks.

    Files that join or leave change the block that they fall into and no other.

    Parameters
    ----------
    source
        Its files, sorted by image_id.
    images_per_block
        The mean; twice as many at most.
    scan
        ``min_side``, ``max_pixels``.
    recipe
        All else that the embeddings hang on.
    """
    files = source.files[["image_id", "path", "class_name", "reason"]]
    marks = mark_files(source.location.filesystem, files, scan)["scanned_as"]
    # A file of this machine without a state is none; elsewhere a state may be unknown.
    known = marks.ne("") | source.location.is_local
    columns = [files["image_id"], files["path"].map(as_text), files["class_name"], files["reason"]]
    rows = zip(*(column.tolist() for column in (*columns, marks)), strict=True)
    lines = pd.Series(["\t".join(row) for row in rows], index=files.index)
    chunks = pd.Series(number_chunks(files["image_id"], images_per_block), index=files.index)
    head = f"{_FORMAT}\n{recipe}\n"
    groups = [group for _, group in files.groupby(chunks, sort=False)]
    return [
        PlannedBlock(
            number,
            len(groups),
            _hash(head, lines[group.index]) if known[group.index].all() else "",
            group,
        )
        for number, group in enumerate(groups)
    ]


def _hash(head: str, lines: pd.Series) -> str:
    text = head + "\n".join(lines)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
