"""Writing an image store: what is there already is taken over, the rest built, shard by shard."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from plankton_embedding.images.build import ImageStoreContent, ShardTask, build_shard
from plankton_embedding.images.disk import check_room, report_full_disk
from plankton_embedding.images.earlier_stores import EarlierStore, open_earlier
from plankton_embedding.images.engine import map_blocks
from plankton_embedding.images.shard_plan import PlannedShard, plan_shards
from plankton_embedding.images.shards import (
    ImageStoreError,
    inspect_shard,
    sync_folder,
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
        Where shards are kept until all of them are there, on the same disk. The next write into
        it goes on from those that an interrupted one left.
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
    with _locked(building.with_name(f"{building.name}.lock")):
        shards = plan_shards(content.files, content.preprocess, content.images_per_shard)
        _keep_wanted(building, {shard.name for shard in shards})
        stores = open_earlier(earlier)
        _link_shards(building, shards, stores)
        _build_missing(building, shards, content, stores)
        _complete(building, [shard.name for shard in shards], content)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(building, folder)
        sync_folder(folder.parent)


def write_image_blocks(
    folder: Path,
    blocks: Iterable[tuple[list[str], npt.NDArray[np.uint8]]],
    preprocess: dict[str, Any],
    fingerprint: str,
) -> None:
    """Write a store of pixels that are at hand: ids and uint8 n x size x size, a shard a block."""
    folder.mkdir(parents=True)
    names: list[str] = []
    image_ids: list[str] = []
    size = 0
    for ids, pixels in blocks:
        names.append(f"shard-{len(names):05d}.arrow")
        write_shard(folder / names[-1], ids, pixels, {})
        image_ids += ids
        size = pixels.shape[1]
    shards = [inspect_shard(folder / name) for name in names]
    card = StoreCard(size, len(image_ids), fingerprint, preprocess, shards)
    write_index(folder, card, pa.table({"image_id": image_ids, "sha256": [""] * len(image_ids)}))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.warning("Another run builds an image store in %s: waiting for it", path.parent)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _keep_wanted(building: Path, names: set[str]) -> None:
    building.mkdir(exist_ok=True)
    for path in building.iterdir():
        if path.name not in names:
            path.unlink()


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
    missing = [shard for shard in shards if not (building / shard.name).exists()]
    known = _find_images(content, earlier) if missing else content.files
    tasks = [ShardTask(building / shard.name, known[shard.start : shard.stop]) for shard in missing]
    images = sum(len(task.files) for task in tasks)
    new = sum(int(task.files["earlier_shard"].eq("").sum()) for task in tasks)
    logger.info("Image store: unchanged: %s, new: %s", f"{len(known) - new:,}", f"{new:,}")
    check_room(building, images * content.preprocess.image_size**2)
    build = partial(build_shard, content.filesystem, content.preprocess)
    for _ in map_blocks(build, tasks, content.engine, "image store"):
        pass


def _find_images(content: ImageStoreContent, earlier: list[EarlierStore]) -> pd.DataFrame:
    """Add where each image lies preprocessed: ``earlier_shard`` and ``earlier_place``."""
    wanted = content.preprocess.model_dump()
    tables = [store.places() for store in earlier if store.card.preprocess == wanted]
    if not tables:
        return content.files.assign(earlier_shard="", earlier_place=0)
    known = pd.concat(tables, ignore_index=True).drop_duplicates("sha256")
    found = content.files.merge(known, on="sha256", how="left")
    return found.fillna({"earlier_shard": "", "earlier_place": 0}).astype({"earlier_place": int})


def _complete(building: Path, names: list[str], content: ImageStoreContent) -> None:
    shards = [inspect_shard(building / name) for name in names]
    files = content.files
    size = content.preprocess.image_size
    card = StoreCard(size, len(files), content.fingerprint, content.preprocess.model_dump(), shards)
    images = pa.table({name: pa.array(files[name], pa.string()) for name in ("image_id", "sha256")})
    with report_full_disk(building, images.nbytes):
        write_index(building, card, images)
