"""The vectors that are compared on classes which the network never saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import EmbeddingsError, embedding_matrix
from plankton_embedding.analysis.pixel_vectors import pixel_vectors
from plankton_embedding.analysis.raw_pixels import ImageSource

TRAINED, UNTRAINED, RAW_PIXELS = "trained", "untrained", "raw pixels"


def vectors_to_compare(
    images: pd.DataFrame, untrained: pd.DataFrame, source: ImageSource | None, pixel_side: int
) -> dict[str, NDArray[np.floating]]:
    """Return the vectors of the same images by the network, by the untrained one, and of pixels.

    Parameters
    ----------
    images : DataFrame
        Embeddings of one step, as from `support_sets.zero_shot_images`.
    untrained : DataFrame
        Those of the network before its training; without rows they are left out.
    source : ImageSource or None
        The image store; None: raw pixels are left out.
    pixel_side : int
        See `pixel_vectors`.

    Returns
    -------
    dict
        By what made them, each of shape (images, features of its own).

    Raises
    ------
    EmbeddingsError
        If the untrained network did not embed one of the images.
    """
    vectors: dict[str, NDArray[np.floating]] = {TRAINED: embedding_matrix(images)}
    ids = images["image_id"].astype(str)
    if len(untrained):
        rows = pd.Index(untrained["image_id"].astype(str)).get_indexer(pd.Index(ids))
        if (rows < 0).any():
            raise EmbeddingsError(
                f"the untrained network did not embed {ids.iloc[int(np.argmax(rows < 0))]!r}: "
                "untrained_embeddings are of another run; run the modelling pipeline again"
            )
        vectors[UNTRAINED] = embedding_matrix(untrained.iloc[rows])
    if source is not None:
        vectors[RAW_PIXELS] = pixel_vectors(source, ids, pixel_side)
    return vectors
