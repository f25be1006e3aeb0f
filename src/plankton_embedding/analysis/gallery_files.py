"""A class gallery on disk: ``classes.parquet``, one row a class, and ``gallery.json``.

Plain tables and JSON, so that any language can read them, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plankton_embedding.analysis.gallery import ClassGallery, GalleryError
from plankton_embedding.errors import first_mistake

_CLASSES, _HEADER = GALLERY_FILES = ("classes.parquet", "gallery.json")
_MAKE_ANEW = "Make the gallery anew, or load an earlier version of it."


class GalleryHeader(BaseModel):
    """What stands in ``gallery.json``.

    Attributes
    ----------
    format_version
        Of the two files.
    embedder_fingerprint
        Of the embedder that made the vectors.
    features
        Of a vector.
    classes
        Rows of ``classes.parquet``.
    sha256
        Of the fingerprint, a line feed and ``classes.parquet``: edited files are noticed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format_version: Literal[1]
    embedder_fingerprint: str
    features: int = Field(ge=1)
    classes: int = Field(ge=1)
    sha256: str


def write_gallery(folder: Path, gallery: ClassGallery) -> None:
    """Write a gallery, ``gallery.json`` last: without it the folder is no gallery.

    ``classes.parquet`` has the columns ``class_name``, ``images``, ``radius``, ``centroid`` (a
    list of features numbers), ``covariance`` (features · features numbers, row by row) and
    ``example_ids`` (a list of texts).

    Raises
    ------
    GalleryError
        If a name cannot be written as text (the name of a folder that is not UTF-8).
    """
    folder.mkdir(parents=True, exist_ok=True)
    classes, features = gallery.centroids.shape
    for name in [*gallery.class_names.tolist(), *sum(gallery.example_ids, ())]:
        _check_text(name)
    columns = {
        "class_name": pa.array(gallery.class_names.tolist(), pa.string()),
        "images": pa.array(gallery.counts, pa.int64()),
        "radius": pa.array(gallery.radii, pa.float64()),
        "centroid": _number_lists(gallery.centroids),
        "covariance": _number_lists(gallery.covariances.reshape(classes, -1)),
        "example_ids": pa.array(list(map(list, gallery.example_ids)), pa.list_(pa.string())),
    }
    (folder / _HEADER).unlink(missing_ok=True)
    pyarrow.parquet.write_table(pa.table(columns), folder / _CLASSES)
    header = GalleryHeader(
        format_version=1,
        embedder_fingerprint=gallery.embedder_fingerprint,
        features=features,
        classes=classes,
        sha256=_checksum(gallery.embedder_fingerprint, (folder / _CLASSES).read_bytes()),
    )
    (folder / _HEADER).write_text(header.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_gallery(folder: Path) -> ClassGallery:
    """Read a gallery.

    Raises
    ------
    GalleryError
        If a file is missing, damaged or was edited; it names the file.
    """
    header = _read_header(folder / _HEADER)
    path = folder / _CLASSES
    try:
        content = path.read_bytes()
        if _checksum(header.embedder_fingerprint, content) != header.sha256:
            raise GalleryError(
                f"{path} and {folder / _HEADER} do not belong together: one of them is damaged or "
                f"was edited. {_MAKE_ANEW}"
            )
        table = pyarrow.parquet.read_table(pa.BufferReader(content))
        return _to_gallery(table, header)
    except (OSError, pa.ArrowException, KeyError, TypeError) as error:
        raise GalleryError(f"{path} cannot be read: {error}. {_MAKE_ANEW}") from error


def _read_header(path: Path) -> GalleryHeader:
    try:
        return GalleryHeader.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GalleryError(
            f"{path} cannot be read, so there is no complete class gallery: {error.strerror}. "
            f"{_MAKE_ANEW}"
        ) from None
    except ValidationError as error:
        raise GalleryError(
            f"{path} is not the header of a class gallery: {first_mistake(error)}. {_MAKE_ANEW}"
        ) from None


def _to_gallery(table: pa.Table, header: GalleryHeader) -> ClassGallery:
    classes, features = header.classes, header.features
    columns: dict[str, Any] = {name: table[name].combine_chunks() for name in table.column_names}
    numbers = {name: columns[name].flatten().to_numpy() for name in ("centroid", "covariance")}
    sizes = (table.num_rows, numbers["centroid"].size, numbers["covariance"].size)
    if sizes != (classes, classes * features, classes * features**2):
        raise TypeError(f"it does not hold {classes} classes of {features} features")
    return ClassGallery(
        class_names=np.asarray(columns["class_name"].to_pylist(), dtype=np.str_),
        centroids=numbers["centroid"].reshape(classes, features),
        radii=columns["radius"].to_numpy(),
        counts=columns["images"].to_numpy(),
        covariances=numbers["covariance"].reshape(classes, features, features),
        example_ids=tuple(map(tuple, columns["example_ids"].to_pylist())),
        embedder_fingerprint=header.embedder_fingerprint,
    )


def _number_lists(rows: NDArray[np.float64]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])


def _check_text(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise GalleryError(
            f"{name!r} is not valid text (UTF-8) and cannot be written: rename it"
        ) from None


def _checksum(fingerprint: str, content: bytes) -> str:
    return hashlib.sha256(fingerprint.encode() + b"\n" + content).hexdigest()
