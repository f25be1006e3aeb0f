"""The images of a gallery: those that made its classes, and test images that judge a change.

The table ``gallery_embeddings`` has a row an image: ``image_id``, ``class_name``, ``split``
(``validation`` and ``enrolled`` made the gallery, ``test`` did not), ``e00``, ``e01``, …
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from plankton_embedding.analysis.embedding_tables import (
    class_labels,
    embedding_columns,
    embedding_matrix,
    select_embeddings,
)
from plankton_embedding.analysis.gallery import ClassGallery, GalleryError, fit_gallery
from plankton_embedding.analysis.neighbours import unique_image_ids

VALIDATION, TEST, ENROLLED = "validation", "test", "enrolled"
# One image in batches of other sizes: sums are rounded otherwise.
_ROUNDING = 1e-5


def collect_gallery_images(embeddings: pd.DataFrame, step: int) -> pd.DataFrame:
    """Take a step's validation images, and its test images where there are any.

    Raises
    ------
    EmbeddingsError
        If the step has no validation embeddings.
    """
    parts = [select_embeddings(embeddings, step, VALIDATION)]
    is_test = (embeddings["step"] == step) & (embeddings["split"] == TEST)
    images = pd.concat([*parts, embeddings[is_test]], ignore_index=True)
    return _columns(images)


def reference_images(gallery_embeddings: pd.DataFrame) -> pd.DataFrame:
    """Return the images that made the gallery's classes."""
    return gallery_embeddings[gallery_embeddings["split"] != TEST].reset_index(drop=True)


def scored_images(gallery_embeddings: pd.DataFrame) -> pd.DataFrame:
    """Return the labelled images that made nothing of the gallery."""
    return gallery_embeddings[gallery_embeddings["split"] == TEST].reset_index(drop=True)


def fit_to_images(
    gallery_embeddings: pd.DataFrame, embedder_fingerprint: str, examples: int
) -> ClassGallery:
    """Compute the gallery of the images that are to make it; see `gallery.fit_gallery`."""
    images = reference_images(gallery_embeddings)
    return fit_gallery(
        embedding_matrix(images),
        class_labels(images),
        unique_image_ids(images).to_numpy(dtype=np.str_),
        embedder_fingerprint,
        examples,
    )


def check_images(gallery_embeddings: pd.DataFrame, gallery: ClassGallery) -> None:
    """Check that a gallery was made of these images.

    Raises
    ------
    GalleryError
        If the table holds other classes, or other numbers of images of them.
    """
    counts = reference_images(gallery_embeddings)["class_name"].astype(str).value_counts()
    wanted = dict(zip(gallery.class_names.tolist(), gallery.counts.tolist(), strict=True))
    if counts.to_dict() != wanted:
        raise GalleryError(
            "the class gallery was not made of these gallery_embeddings: load versions of the two "
            "that belong together with `--load-versions NAME:VERSION`, or make both anew with "
            "`kedro run --pipelines gallery`"
        )


def add_images(gallery_embeddings: pd.DataFrame, enrolled: pd.DataFrame) -> pd.DataFrame:
    """Add embedded images of new classes; an id that is taken is numbered, ``ID#2``."""
    together = pd.concat([gallery_embeddings, enrolled.assign(split=ENROLLED)], ignore_index=True)
    ids = together["image_id"].astype(str)
    while (again := ids.duplicated()).any():
        number = ids.groupby(ids).cumcount() + 1
        ids = ids.where(~again, ids + "#" + number.astype(str))
    return _columns(together.assign(image_id=ids))


def find_copies(gallery_embeddings: pd.DataFrame, enrolled: pd.DataFrame) -> pd.Series:
    """Find the images to be enrolled that stand in the table already, in the same class.

    Known by their vectors, for one image may have many names. Twice in the gallery an image would
    count twice, and be its own witness when it is left out; an image of the test split in it would
    make the accuracy too good.

    Parameters
    ----------
    gallery_embeddings : DataFrame
    enrolled : DataFrame
        ``image_id``, ``class_name``, ``e00``, …, of the same embedder.

    Returns
    -------
    Series of str
        By the ``image_id`` of each such image, the id that it has in the table.
    """
    from scipy.spatial.distance import cdist

    found: dict[str, str] = {}
    for name, images in enrolled.groupby("class_name"):
        known = gallery_embeddings[gallery_embeddings["class_name"] == name]
        if known.empty:
            continue
        apart = cdist(embedding_matrix(images), embedding_matrix(known), "chebyshev")
        ids = known["image_id"].to_numpy(dtype=object)[apart.argmin(axis=1)]
        same = apart.min(axis=1) < _ROUNDING
        found |= dict(zip(images["image_id"][same], ids[same], strict=True))
    return pd.Series(found, dtype="str")


def drop_classes(gallery_embeddings: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Drop all images of classes."""
    labels = gallery_embeddings["class_name"].astype(str)
    return gallery_embeddings[~labels.isin([*class_names])].reset_index(drop=True)


def rename_images(gallery_embeddings: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Give the images of classes their new class names."""
    labels = gallery_embeddings["class_name"].astype(str)
    return gallery_embeddings.assign(class_name=labels.map(lambda name: names.get(name, name)))


def _columns(images: pd.DataFrame) -> pd.DataFrame:
    table = images[["image_id", "class_name", "split", *embedding_columns(images)]]
    return table.astype(dict.fromkeys(("image_id", "class_name", "split"), "str"))
