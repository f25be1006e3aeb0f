"""The image store: preprocessed images in sharded Arrow files, read where they lie.

A store is a folder of shards (see `shards`) and ``index.arrow``, which describes it and is
written last: without it a store is incomplete and cannot be opened.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from plankton_embedding.images.shards import (
    FORMAT,
    ImageStoreError,
    Shard,
    text_columns,
    write_batch,
)

INDEX = "index.arrow"
# Below what systems allow a process.
_MOST_OPEN_FILES = 256


@dataclass(frozen=True)
class StoreCard:
    """What a store says of itself."""

    image_size: int
    images: int
    fingerprint: str
    preprocess: dict[str, Any]
    shards: list[Shard]


def write_index(folder: Path, card: StoreCard, images: pd.DataFrame) -> None:
    """Write the index of a store, whose shards are complete.

    Parameters
    ----------
    folder
        Of the store.
    card
        What it says of itself; becomes metadata of the schema.
    images
        ``image_id`` and ``sha256`` of the file that each was made of, in the order of the shards.
    """
    metadata = {
        "format": FORMAT,
        "image_size": str(card.image_size),
        "images": str(card.images),
        "fingerprint": card.fingerprint,
        "preprocess": json.dumps(card.preprocess, sort_keys=True),
        "shards": json.dumps([astuple(shard) for shard in card.shards]),
    }
    batch = pa.record_batch(text_columns(images))
    write_batch(folder / INDEX, batch.replace_schema_metadata(metadata))


def read_index(folder: Path) -> tuple[StoreCard, pa.RecordBatch]:
    """Read the index of a store.

    Returns
    -------
    card
        What the store says of itself.
    images
        ``image_id`` and ``sha256``, one row an image.

    Raises
    ------
    ImageStoreError
        If there is none, or one that cannot be read.
    """
    try:
        with pa.OSFile(str(folder / INDEX)) as file:
            batch = pa.ipc.open_file(file).get_batch(0)
        facts = {name.decode(): value.decode() for name, value in batch.schema.metadata.items()}
        if facts["format"] != FORMAT:
            raise ValueError(f"it has format {facts['format']}, not {FORMAT}")
        card = StoreCard(
            image_size=int(facts["image_size"]),
            images=int(facts["images"]),
            fingerprint=facts["fingerprint"],
            preprocess=json.loads(facts["preprocess"]),
            shards=[Shard(*shard) for shard in json.loads(facts["shards"])],
        )
    except FileNotFoundError:
        raise ImageStoreError(
            f"{folder} holds no complete image store ({INDEX} is missing). "
            "Build it with `kedro run --pipelines data_engineering`."
        ) from None
    # Arrow raises OSError and its own ValueError.
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, error) from error
    return card, batch


class ImageStore:
    """Read access to an image store; pixels stay on disk until asked for.

    Nothing of them is kept: what was read stays in the system's cache as far as there is room.
    Several threads may read at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card, images = read_index(folder)
        check_shards(folder, self.card)
        self._starts = np.cumsum([0, *(shard.images for shard in self.card.shards)])
        self._places = np.array([shard.place for shard in self.card.shards], dtype=np.int64)
        self.image_ids: npt.NDArray[np.object_] = images["image_id"].to_numpy(zero_copy_only=False)
        self._row_of_id = {image_id: row for row, image_id in enumerate(self.image_ids)}
        self._files: OrderedDict[int, FileIO] = OrderedDict()
        self._opening = Lock()

    def __len__(self) -> int:
        return len(self.image_ids)

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._row_of_id

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return self.card.image_size

    def rows(self, image_ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows of images by their ids.

        Raises
        ------
        ImageStoreError
            If the store does not hold one of them.
        """
        try:
            return np.array([self._row_of_id[image_id] for image_id in image_ids], dtype=np.int64)
        except KeyError as error:
            raise ImageStoreError(
                f"the image store does not hold {error.args[0]!r}; it was built from other images "
                "or splits. Run `kedro run --pipelines data_engineering` again."
            ) from None

    def images(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Gather images.

        Parameters
        ----------
        rows
            Row numbers, n of them, in any order.

        Returns
        -------
        uint8 array, n x image_size x image_size, in the order asked for
        """
        size = self.image_size
        gathered = np.empty((len(rows), size * size), dtype=np.uint8)
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        places = self._places[shards] + (rows - self._starts[shards]) * size * size
        # One read an image, straight to where it belongs: faster than copying out of a memory
        # map, which takes a page fault for each 4 KiB, and nothing of the file stays mapped.
        for image, shard, place in zip(gathered, shards.tolist(), places.tolist(), strict=True):
            _read_into(image, self._file(shard), place)
        return gathered.reshape(-1, size, size)

    def _file(self, shard: int) -> FileIO:
        with self._opening:
            file = self._files.pop(shard, None)
            if file is None:
                file = FileIO(self.folder / self.card.shards[shard].name)
            self._files[shard] = file
            if len(self._files) > _MOST_OPEN_FILES:
                # Closed by Python, once no other thread reads from it.
                self._files.popitem(last=False)
            return file


def _read_into(image: npt.NDArray[np.uint8], file: FileIO, place: int) -> None:
    if hasattr(os, "preadv"):
        read = os.preadv(file.fileno(), [image.data], place)
    else:
        content = os.pread(file.fileno(), image.nbytes, place)
        read = len(content)
        image[:read] = np.frombuffer(content, dtype=np.uint8)
    if read < image.nbytes:
        raise ImageStoreError(f"the shard {file.name} of the image store ended too early.")


def check_shards(folder: Path, card: StoreCard) -> None:
    """Check that all shards of a store are there, as long as they were.

    Raises
    ------
    ImageStoreError
        Names the one that is not.
    """
    for shard in card.shards:
        try:
            found = (folder / shard.name).stat().st_size
        except FileNotFoundError:
            raise ImageStoreError(
                f"{folder} holds no complete image store (its shard {shard.name} is missing). "
                "Build it with `kedro run --pipelines data_engineering`."
            ) from None
        if found != shard.bytes:
            raise _damaged(folder, f"{shard.name} has {found} bytes instead of {shard.bytes}")


def _damaged(folder: Path, why: object) -> ImageStoreError:
    return ImageStoreError(
        f"the image store {folder} is damaged: {why}. "
        "Build it again with `kedro run --pipelines data_engineering`."
    )
