"""Look-alikes of image files and arrays: an embedder, and the embeddings that it stored."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.analysis.gallery import ClassGallery, check_fingerprint
from plankton_embedding.analysis.gallery_images import check_images
from plankton_embedding.analysis.look_alikes import LookAlikes, LookAlikesError
from plankton_embedding.training.image_embedder import ImageEmbedder


class ImageLookAlikes:
    """Finds the stored images that an image looks like to the network.

    Parameters
    ----------
    embedder
        What embeds.
    stored
        Images that the same embedder has embedded: nothing can tell if another one did.
    """

    def __init__(self, embedder: ImageEmbedder, stored: LookAlikes) -> None:
        self._embedder, self._stored = embedder, stored

    @classmethod
    def of_gallery(
        cls,
        embedder: ImageEmbedder,
        class_gallery: ClassGallery,
        gallery_embeddings: pd.DataFrame,
        image_manifest: pd.DataFrame,
    ) -> Self:
        """Seek among the images of a gallery: validation, test and enrolled ones.

        Parameters
        ----------
        embedder, class_gallery, gallery_embeddings
            As they lie in the catalogue.
        image_manifest
            ``image_id`` and ``path``; those of enrolled images are not known.

        Raises
        ------
        GalleryError
            If the three do not belong together.
        """
        check_fingerprint(class_gallery, embedder.fingerprint)
        check_images(gallery_embeddings, class_gallery)
        paths = dict(zip(image_manifest["image_id"], image_manifest["path"], strict=True))
        return cls(embedder, LookAlikes.of_tables([gallery_embeddings], paths))

    def nearest(self, image: object, count: int) -> pd.DataFrame:
        """Find the stored images nearest to an image.

        Parameters
        ----------
        image
            The path of a file, its bytes, its pixels (see `prepare_images`), or an embedding: an
            array of one dimension. Or a list of these.
        count
            At least 1. If fewer are stored, all are found.

        Returns
        -------
        DataFrame
            See `LookAlikes`: ``query``, ``rank``, ``image_id``, ``class_name``, ``distance``,
            ``path``.

        Raises
        ------
        GivenImageError
            If an image cannot be used.
        LookAlikesError
            If an embedding is not of the stored ones' size, or holds NaN or infinity.
        """
        images = image if isinstance(image, list) else [image]
        found = self._embedder.embed([one for one in images if not _is_embedding(one)])
        embedded = iter(found)
        vectors = [np.asarray(one) if _is_embedding(one) else next(embedded) for one in images]
        return self._stored.nearest(_stack(vectors, found.shape[1]), count)


def _is_embedding(image: object) -> bool:
    return isinstance(image, np.ndarray) and image.ndim == 1


def _stack(vectors: list[npt.NDArray[np.floating]], size: int) -> npt.NDArray[np.floating]:
    sizes = sorted({len(vector) for vector in vectors})
    if len(sizes) > 1:
        raise LookAlikesError(f"embeddings of {sizes} numbers: give those of one embedder")
    return np.stack(vectors) if vectors else np.empty((0, size))
