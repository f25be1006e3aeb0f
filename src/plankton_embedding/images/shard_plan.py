"""Which images share a shard, and what the shard is called."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from plankton_embedding.images.shards import FORMAT
from plankton_embedding.parameters import PreprocessOptions

# Times the mean: what a worker holds in memory stays bounded.
_LONGEST = 2


@dataclass(frozen=True)
class PlannedShard:
    """A shard to be: its file name, and its images' rows in the table of all."""

    name: str
    start: int
    stop: int


def plan_shards(
    files: pd.DataFrame, preprocess: PreprocessOptions, images_per_shard: int
) -> list[PlannedShard]:
    """Cut a table of images into shards.

    A shard ends before an image whose id hashes to a multiple of `images_per_shard`, so that images
    that join or leave change the shard they fall into and no other. Its name is a hash of all
    that its bytes hang on: a shard of the same name is the same shard, in any version of the store.

    Parameters
    ----------
    files
        ``image_id`` and ``sha256``, sorted by image_id.
    preprocess
        How the images are preprocessed.
    images_per_shard
        The mean; twice as many at most.
    """
    hashes = pd.util.hash_array(files["image_id"].to_numpy(dtype=object))
    natural = np.flatnonzero(hashes % np.uint64(images_per_shard) == 0)
    edges = np.unique([0, *natural, len(files)])
    longest = _LONGEST * images_per_shard
    starts = [
        start
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        for start in range(first, last, longest)
    ]
    recipe = f"{FORMAT}\n{json.dumps(preprocess.model_dump(), sort_keys=True)}\n"
    lines = (files["image_id"] + "\t" + files["sha256"]).to_numpy(dtype=object)
    return [
        PlannedShard(_name(recipe + "\n".join(lines[start:stop])), start, stop)
        for start, stop in zip(starts, [*starts[1:], len(files)], strict=True)
    ]


def _name(content: str) -> str:
    return f"shard-{hashlib.sha256(content.encode()).hexdigest()[:20]}.arrow"
