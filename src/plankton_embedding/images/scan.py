"""Scan: one row of the image manifest for every file found, readable or not."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from functools import partial

import pandas as pd
from fsspec import AbstractFileSystem

from plankton_embedding.images.describe import (
    ACCEPTED,
    DESCRIPTION_COLUMNS,
    REJECTED,
    describe_files,
)
from plankton_embedding.images.disk import locked
from plankton_embedding.images.earlier_scan import EarlierManifest, mark_files, take_over
from plankton_embedding.images.engine import map_blocks
from plankton_embedding.images.shard_plan import number_chunks
from plankton_embedding.images.source import ImageSource, ImageSourceError, as_text
from plankton_embedding.images.store_ahead import StoreAhead
from plankton_embedding.parameters import EngineOptions, ScanOptions

logger = logging.getLogger(__name__)

__all__ = ["ACCEPTED", "REJECTED", "scan_images"]

# Enough files to keep a worker busy for about a second, few enough for a smooth progress bar.
_FILES_A_BLOCK = 512


def scan_images(
    source: ImageSource,
    options: ScanOptions,
    engine: EngineOptions,
    earlier: EarlierManifest | None = None,
    ahead: StoreAhead | None = None,
) -> pd.DataFrame:
    """Describe every file of a source.

    Parameters
    ----------
    source
        Its files.
    options
        ``min_side``, ``max_pixels``, ``reuse``.
    engine
        How the reading is spread.
    earlier
        Manifest of an earlier scan: with ``reuse``, files that did not change are not read again.
    ahead
        Where the images are preprocessed to in the same go, for the store to take over.

    Returns
    -------
    DataFrame, one row a file, sorted by image_id: ``image_id``, ``path``, ``class_name``,
    ``prepared_split``, ``width``, ``height`` (pixels, upright), ``mode`` (Pillow's), ``bytes``,
    ``sha256``, ``perceptual_hash`` (64-bit pHash, hexadecimal), ``orientation`` (EXIF),
    ``frames``, ``scale_bar`` (rows at the bottom that hold one, 0: none), ``status`` (accepted or
    rejected), ``reason`` (of a rejection), ``scanned_as`` (state of the file and of the scan), and
    the source's own columns.

    Raises
    ------
    ImageSourceError
        If there is only one class, or a class without a readable image.
    """
    filesystem = source.location.filesystem
    files = source.files[["image_id", "path", "reason"]]
    marks = mark_files(filesystem, files, options)
    known = take_over(earlier if options.reuse else None, files, marks)
    unread = files.drop(index=known.index)
    if len(known):
        logger.info("Scan: unchanged: %s, new: %s", f"{len(known):,}", f"{len(unread):,}")
    with locked(ahead.building) if ahead and len(unread) else nullcontext():
        tasks = _plan_blocks(files, unread, ahead)
        describe = partial(_describe_block, filesystem, options)
        seen = [known, *map_blocks(describe, tasks, engine, "scan")]
    described = pd.concat(seen).reindex(files.index)
    listed = source.files.drop(columns="reason")
    manifest = listed.assign(path=listed["path"].map(as_text).astype("str"))
    manifest = manifest.join(described.astype(DESCRIPTION_COLUMNS)).join(marks["scanned_as"])
    # Whoever may not read a file today may do so tomorrow, and nothing of it has changed.
    manifest.loc[manifest["sha256"].eq(""), "scanned_as"] = ""
    first = ["image_id", "path", "class_name", "prepared_split", *DESCRIPTION_COLUMNS]
    manifest = manifest[[*first, *manifest.columns.difference(first, sort=False)]]
    _check_classes(manifest, source)
    return manifest


_Block = tuple[pd.DataFrame, StoreAhead | None]


def _plan_blocks(
    files: pd.DataFrame, unread: pd.DataFrame, ahead: StoreAhead | None
) -> list[_Block]:
    if ahead is None or unread.empty:
        starts = range(0, len(unread), _FILES_A_BLOCK)
        return [(unread[start : start + _FILES_A_BLOCK], None) for start in starts]
    ahead.building.mkdir(exist_ok=True)
    chunks = pd.Series(number_chunks(files["image_id"], ahead.images_per_shard), files.index)
    in_chunk = chunks.value_counts()
    # A chunk of which some is known becomes a shard later, with what an earlier store holds.
    return [
        (block, ahead if len(block) == in_chunk[number] else None)
        for number, block in unread.groupby(chunks[unread.index])
    ]


def _describe_block(
    filesystem: AbstractFileSystem, options: ScanOptions, block: _Block
) -> pd.DataFrame:
    files, ahead = block
    return describe_files(filesystem, options, ahead, files)


def _check_classes(manifest: pd.DataFrame, source: ImageSource) -> None:
    readable = set(manifest.loc[manifest["status"] == ACCEPTED, "class_name"])
    unreadable = [name for name in source.class_names if name not in readable]
    if unreadable:
        rejected = manifest[manifest["class_name"] == unreadable[0]]
        example = (
            f"for example {rejected.iloc[0]['image_id']}: {rejected.iloc[0]['reason']}"
            if len(rejected)
            else "the folder is empty"
        )
        raise ImageSourceError(
            f"no readable image in class {', '.join(map(repr, unreadable))} of {source.location} "
            f"({example}). Repair the files or take the class folder away."
        )
    if len(source.class_names) < 2:
        raise ImageSourceError(
            f"{source.location} holds one class only ({source.class_names[0]!r}); an embedding "
            "needs two or more. Is it a class folder itself? Then give its parent."
        )
