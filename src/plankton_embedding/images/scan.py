"""Scan: one row of the image manifest for every file found, readable or not."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import imagehash
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image
from tqdm import tqdm

from plankton_embedding.images.decode import UnreadableImageError, open_image, to_gray
from plankton_embedding.images.folder import ImageFile, ImageFolder, ImageFolderError
from plankton_embedding.parameters import ParallelOptions

ACCEPTED, REJECTED = "accepted", "rejected"

_COLUMNS = {
    "image_id": "str",
    "path": "str",
    "class_name": "str",
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
_FILES_A_TASK = 512


def scan_images(folder: ImageFolder, parallel: ParallelOptions) -> pd.DataFrame:
    """Describe every file of a folder of class folders.

    Returns
    -------
    DataFrame, one row a file, sorted by image_id: ``image_id``, ``path``, ``class_name``,
    ``width``, ``height`` (pixels), ``mode`` (Pillow's), ``bytes``, ``sha256``,
    ``perceptual_hash`` (64-bit pHash, hexadecimal), ``status`` (accepted or rejected),
    ``reason`` (of a rejection).

    Raises
    ------
    ImageFolderError
        If there is only one class, or a class without a readable image.
    """
    tasks = [
        folder.files[start : start + _FILES_A_TASK]
        for start in range(0, len(folder.files), _FILES_A_TASK)
    ]
    described = Parallel(n_jobs=parallel.workers, backend=parallel.backend, return_as="generator")(
        delayed(_describe_files)(folder.root, files) for files in tasks
    )
    progress = tqdm(described, total=len(tasks), desc="scan", unit=" blocks", disable=None)
    rows = [row for block in progress for row in block]
    manifest = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    _check_classes(manifest, folder)
    return manifest


def _describe_files(root: Path, files: tuple[ImageFile, ...]) -> list[dict[str, Any]]:
    return [_describe_file(root, file) for file in files]


def _describe_file(root: Path, file: ImageFile) -> dict[str, Any]:
    row: dict[str, Any] = {
        "image_id": _text(file.image_id),
        "path": _text(str(root / file.image_id)),
        "class_name": file.class_name,
        "width": 0,
        "height": 0,
        "mode": "",
        "bytes": 0,
        "sha256": "",
        "perceptual_hash": "",
        "status": REJECTED,
        "reason": file.misplaced,
    }
    try:
        content = _read(root / file.image_id)
        row |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if file.misplaced:
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


def _read(path: Path) -> bytes:
    # A named pipe would be waited for without end.
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnreadableImageError("not a regular file")
    return path.read_bytes()


def _text(name: str) -> str:
    # The bytes of a name that is not UTF-8 are shown as \udcff: a table cannot hold them.
    return name.encode(errors="backslashreplace").decode()


def _check_classes(manifest: pd.DataFrame, folder: ImageFolder) -> None:
    readable = set(manifest.loc[manifest["status"] == ACCEPTED, "class_name"])
    unreadable = [name for name in folder.class_names if name not in readable]
    if unreadable:
        rejected = manifest[manifest["class_name"] == unreadable[0]]
        example = (
            f"for example {rejected.iloc[0]['image_id']}: {rejected.iloc[0]['reason']}"
            if len(rejected)
            else "the folder is empty"
        )
        raise ImageFolderError(
            f"no readable image in class {', '.join(map(repr, unreadable))} of {folder.root} "
            f"({example}). Repair the files or take the class folder away."
        )
    if len(folder.class_names) < 2:
        raise ImageFolderError(
            f"{folder.root} holds one class only ({folder.class_names[0]!r}); an embedding needs "
            "two or more. Is it a class folder itself? Then give its parent."
        )
