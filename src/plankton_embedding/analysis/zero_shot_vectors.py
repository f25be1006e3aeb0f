"""The vectors that are compared on classes which the network never saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import EmbeddingsError, embedding_matrix
from plankton_embedding.analysis.pixel_vectors import pixel_vectors
from plankton_embedding.analysis.raw_pixels import ImageSource

TRAINED, FROZEN, RAW_PIXELS = "trained", "frozen", "raw pixels"


def vectors_to_compare(
    images: pd.DataFrame, frozen: pd.DataFrame, source: ImageSource | None, pixel_side: int
) -> dict[str, NDArray[np.floating]]:
    """Return the vectors of the same images by the network, the frozen backbone, and pixels.

    Parameters
    ----------
    images : DataFrame
        Embeddings of one step, as from `support_sets.zero_shot_images`.
    frozen : DataFrame
        Those of the frozen backbone with a closed-form head; without rows they are left out.
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
        If the frozen backbone did not embed one of the images.
    """
    vectors: dict[str, NDArray[np.floating]] = {TRAINED: embedding_matrix(images)}
    ids = images["image_id"].astype(str)
    if len(frozen):
        rows = pd.Index(frozen["image_id"].astype(str)).get_indexer(pd.Index(ids))
        if (rows < 0).any():
            raise EmbeddingsError(
                f"the frozen backbone did not embed {ids.iloc[int(np.argmax(rows < 0))]!r}: "
                "closed_form_embeddings are of another run; run the modelling pipeline again"
            )
        vectors[FROZEN] = embedding_matrix(frozen.iloc[rows])
    if source is not None:
        vectors[RAW_PIXELS] = pixel_vectors(source, ids, pixel_side)
    return vectors
