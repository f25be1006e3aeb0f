"""Writing an image store: what is there already is taken over, the rest built, shard by shard."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.build import ImageStoreContent, ShardTask, build_shard
from plankton_embedding.images.disk import check_room, locked, report_full_disk
from plankton_embedding.images.earlier_stores import EarlierStore, find_images, open_earlier
from plankton_embedding.images.engine import map_blocks
from plankton_embedding.images.shard_plan import PlannedShard, plan_shards
from plankton_embedding.images.shards import (
    ImageStoreError,
    inspect_shard,
    sync,
    write_shard,
)
from plankton_embedding.images.store import StoreCard, write_index

logger = logging.getLogger(__name__)


def write_image_store(
    folder: Path, content: ImageStoreContent, building: Path, earlier: Sequence[Path] = ()
) -> None:
    """Write a store.

    Parameters
    ----------
    folder
        Does not exist yet; appears when the store is complete.
    content
        What is to be written.
    building
        Where shards are kept until all of them are there, on the same disk. Those that an
        interrupted write or the scan left there are taken over.
    earlier
        Stores whose shards and images are taken over where they are the same, the latest first.

    Raises
    ------
    ImageStoreError
        If there is nothing to write, a file is not what was scanned, or the disk is full.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists")
    if content.files.empty:
        raise ImageStoreError("there is no image to write into the image store.")
    building.parent.mkdir(parents=True, exist_ok=True)
    with locked(building):
        building.mkdir(exist_ok=True)
        shards = plan_shards(content.files, content.preprocess)
        stores = open_earlier(earlier)
        _tell_what_is_new(content, stores)
        _link_shards(building, shards, stores)
        _build_missing(building, shards, content, stores)
        _complete(building, [shard.name for shard in shards], content)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(building, folder)
        sync(folder.parent)


def write_image_blocks(
    folder: Path,
    blocks: Iterable[tuple[list[str], npt.NDArray[np.uint8]]],
    preprocess: dict[str, Any],
    fingerprint: str,
) -> None:
    """Write a store of pixels that are at hand: ids and uint8 n x size x size, a shard a block."""
    folder.mkdir(parents=True)
    names: list[str] = []
    size = 0
    for ids, pixels in blocks:
        names.append(f"shard-{len(names):05d}.arrow")
        write_shard(folder / names[-1], pd.DataFrame({"image_id": ids, "sha256": ""}), pixels, None)
        size = pixels.shape[1]
    _write_index(folder, names, size, preprocess, fingerprint)


def _tell_what_is_new(content: ImageStoreContent, earlier: list[EarlierStore]) -> None:
    wanted = content.preprocess.model_dump()
    held = [store.images["sha256"] for store in earlier if store.card.preprocess == wanted]
    known = int(content.files["sha256"].map(set().union(*held).__contains__).sum())
    logger.info(
        "Image store: unchanged: %s, new: %s", f"{known:,}", f"{len(content.files) - known:,}"
    )


def _link_shards(building: Path, shards: list[PlannedShard], earlier: list[EarlierStore]) -> None:
    places = {
        shard.name: store.folder / shard.name for store in earlier for shard in store.card.shards
    }
    for shard in shards:
        target = building / shard.name
        if shard.name in places and not target.exists():
            # A file system without links: it is copied, image by image.
            with suppress(OSError):
                os.link(places[shard.name], target)


def _build_missing(
    building: Path,
    shards: list[PlannedShard],
    content: ImageStoreContent,
    earlier: list[EarlierStore],
) -> None:
    wanted = {shard.name for shard in shards}
    missing = [shard for shard in shards if not (building / shard.name).exists()]
    left = [path for path in building.glob("shard-*.arrow") if path.name not in wanted]
    known = find_images(content, earlier, left) if missing else content.files
    tasks = [ShardTask(building / shard.name, known[shard.start : shard.stop]) for shard in missing]
    images = sum(len(task.files) for task in tasks)
    check_room(building, images * content.preprocess.image_size**2)
    build = partial(build_shard, content.filesystem, content.preprocess)
    for _ in map_blocks(build, tasks, content.engine, "image store"):
        pass


def _complete(building: Path, names: list[str], content: ImageStoreContent) -> None:
    for path in building.iterdir():
        if path.name not in names:
            path.unlink()
    size, preprocess = content.preprocess.image_size, content.preprocess.model_dump()
    with report_full_disk(building, len(content.files)):
        _write_index(building, names, size, preprocess, content.fingerprint)


def _write_index(
    folder: Path, names: list[str], size: int, preprocess: dict[str, Any], fingerprint: str
) -> None:
    inspected = [inspect_shard(folder / name) for name in names]
    images = pd.concat([images for _, images in inspected], ignore_index=True)
    shards = [shard for shard, _ in inspected]
    write_index(folder, StoreCard(size, len(images), fingerprint, preprocess, shards), images)
