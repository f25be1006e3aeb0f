"""Pictures of images by their ids: out of the image store, or out of their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from plankton_embedding.images.decode import UnreadableImageError
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import PreprocessOptions


def read_pictures(
    image_ids: Iterable[str], store: ImageStore, paths: Mapping[str, str] | None = None
) -> dict[str, npt.NDArray[np.uint8]]:
    """Read pictures to show; those that are nowhere are left out.

    Parameters
    ----------
    image_ids
        Of which.
    store
        Is asked first.
    paths
        Of files on this machine, by image_id: read where the store does not hold an image, and
        preprocessed as the store's images were.

    Returns
    -------
    dict of image_id to uint8 array, size x size
    """
    wanted = list(dict.fromkeys(image_ids))
    stored = [name for name in wanted if name in store]
    found = dict(zip(stored, store.images(store.rows(stored)), strict=True))
    options = PreprocessOptions(**store.card.preprocess)
    for name in wanted:
        path = (paths or {}).get(name)
        if name not in found and path:
            picture = _read_file(Path(path), options)
            found |= {} if picture is None else {name: picture}
    return found


def _read_file(path: Path, options: PreprocessOptions) -> npt.NDArray[np.uint8] | None:
    try:
        return preprocess(path.read_bytes(), options)
    except (OSError, UnreadableImageError):
        return None
