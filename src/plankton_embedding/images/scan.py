"""Scan: one row of the image manifest for every file found, readable or not."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import imagehash
import pandas as pd
from fsspec import AbstractFileSystem
from PIL import Image

from plankton_embedding.images.decode import UnreadableImageError, open_image, to_gray
from plankton_embedding.images.engine import map_blocks
from plankton_embedding.images.source import ImageSource, ImageSourceError, as_text, read_file
from plankton_embedding.parameters import EngineOptions, ScanOptions

ACCEPTED, REJECTED = "accepted", "rejected"

# What is seen of a file; it stands in the manifest beside what the source says of it.
_SEEN = {
    "width": "int32",
    "height": "int32",
    "mode": "str",
    "bytes": "int64",
    "sha256": "str",
    "perceptual_hash": "str",
    "status": "str",
    "reason": "str",
}

# Enough files to keep a worker busy for about a second, few enough for a smooth progress bar.
_FILES_A_BLOCK = 512


def scan_images(source: ImageSource, options: ScanOptions, engine: EngineOptions) -> pd.DataFrame:
    """Describe every file of a source.

    Returns
    -------
    DataFrame, one row a file, sorted by image_id: ``image_id``, ``path``, ``class_name``,
    ``prepared_split``, ``width``, ``height`` (pixels), ``mode`` (Pillow's), ``bytes``,
    ``sha256``, ``perceptual_hash`` (64-bit pHash, hexadecimal), ``status`` (accepted or
    rejected), ``reason`` (of a rejection), and the source's own columns.

    Raises
    ------
    ImageSourceError
        If there is only one class, or a class without a readable image.
    """
    files = source.files[["path", "reason"]]
    blocks = [
        files[start : start + _FILES_A_BLOCK] for start in range(0, len(files), _FILES_A_BLOCK)
    ]
    describe = partial(_describe_files, source.location.filesystem)
    seen = [row for block in map_blocks(describe, blocks, engine, "scan") for row in block]
    described = pd.DataFrame(seen, columns=list(_SEEN), index=files.index).astype(_SEEN)
    known = source.files.drop(columns="reason")
    manifest = known.assign(path=known["path"].map(as_text).astype("str")).join(described)
    first = ["image_id", "path", "class_name", "prepared_split", *_SEEN]
    manifest = manifest[[*first, *manifest.columns.difference(first, sort=False)]]
    _check_classes(manifest, source)
    return manifest


def _describe_files(filesystem: AbstractFileSystem, files: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        _describe_file(filesystem, path, reason)
        for path, reason in zip(files["path"], files["reason"], strict=True)
    ]


def _describe_file(filesystem: AbstractFileSystem, path: str, reason: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "width": 0,
        "height": 0,
        "mode": "",
        "bytes": 0,
        "sha256": "",
        "perceptual_hash": "",
        "status": REJECTED,
        "reason": reason,
    }
    try:
        content = read_file(filesystem, path)
        row |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if reason:
            return row
        image = open_image(content)
        gray = to_gray(image, background=255)
    except OSError as error:
        return row | {"reason": f"cannot be read: {error.strerror}"}
    except UnreadableImageError as error:
        return row | {"reason": str(error)}
    return row | {
        "width": image.width,
        "height": image.height,
        "mode": image.mode,
        "perceptual_hash": str(imagehash.phash(Image.fromarray(gray))),
        "status": ACCEPTED,
    }


def _check_classes(manifest: pd.DataFrame, source: ImageSource) -> None:
    readable = set(manifest.loc[manifest["status"] == ACCEPTED, "class_name"])
    unreadable = [name for name in source.class_names if name not in readable]
    if unreadable:
        rejected = manifest[manifest["class_name"] == unreadable[0]]
        example = (
            f"for example {rejected.iloc[0]['image_id']}: {rejected.iloc[0]['reason']}"
            if len(rejected)
            else "the folder is empty"
        )
        raise ImageSourceError(
            f"no readable image in class {', '.join(map(repr, unreadable))} of {source.location} "
            f"({example}). Repair the files or take the class folder away."
        )
    if len(source.class_names) < 2:
        raise ImageSourceError(
            f"{source.location} holds one class only ({source.class_names[0]!r}); an embedding "
            "needs two or more. Is it a class folder itself? Then give its parent."
        )
