"""Which images share a shard, and what the shard is called."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.shards import FORMAT
from plankton_embedding.parameters import PreprocessOptions

# Times the mean.
_LONGEST = 2


@dataclass(frozen=True)
class PlannedShard:
    """A shard to be: its file name, and its images' rows in the table of all."""

    name: str
    start: int
    stop: int


def number_chunks(image_ids: pd.Series, images_per_shard: int) -> npt.NDArray[np.int64]:
    """Cut a sorted list of files into chunks; images of one chunk will share a shard.

    A chunk ends before a file whose id hashes to a multiple of `images_per_shard`, so that files
    that join or leave change the chunk they fall into and no other.

    Parameters
    ----------
    image_ids
        Of all files of a source, sorted, whether they can be used or not.
    images_per_shard
        The mean; twice as many at most.

    Returns
    -------
    int64 array
        The number of each file's chunk; rises along the list.
    """
    hashes = pd.util.hash_array(image_ids.to_numpy(dtype=object))
    begins = hashes % np.uint64(images_per_shard) == 0
    begins[:1] = True
    first = np.flatnonzero(begins)
    place = np.arange(len(hashes)) - np.repeat(first, np.diff([*first, len(hashes)]))
    # What a worker holds in memory stays bounded.
    begins |= place % (_LONGEST * images_per_shard) == 0
    numbers: npt.NDArray[np.int64] = np.cumsum(begins)
    return numbers


def plan_shards(files: pd.DataFrame, preprocess: PreprocessOptions) -> list[PlannedShard]:
    """Plan the shards of a store.

    Parameters
    ----------
    files
        ``image_id``, ``sha256`` and ``chunk`` (of `number_chunks`), sorted by image_id.
    preprocess
        How the images are preprocessed.
    """
    edges = np.flatnonzero(np.diff(files["chunk"], prepend=-1, append=-1)).tolist()
    return [
        PlannedShard(name_shard(files[start:stop], preprocess), start, stop)
        for start, stop in pairwise(edges)
    ]


def name_shard(images: pd.DataFrame, preprocess: PreprocessOptions) -> str:
    """Name a shard by a hash of all that its bytes hang on.

    A shard of the same name is the same shard, in any version of the store.

    Parameters
    ----------
    images
        ``image_id`` and ``sha256``.
    preprocess
        How the images are preprocessed.
    """
    recipe = f"{FORMAT}\n{json.dumps(preprocess.model_dump(), sort_keys=True)}\n"
    lines = "\n".join(images["image_id"] + "\t" + images["sha256"])
    return f"shard-{hashlib.sha256((recipe + lines).encode()).hexdigest()[:20]}.arrow"
