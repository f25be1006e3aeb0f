"""A folder of class folders: one folder a class, named like it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from plankton_embedding.images.source import (
    SOURCE_COLUMNS,
    ImageSource,
    ImageSourceError,
    Location,
    as_text,
)


def list_class_folders(location: Location) -> ImageSource:
    """List the files of a folder of class folders.

    Every file is listed: also one beside the class folders or in a folder inside a class
    folder, with the reason why it cannot be used, so that no image disappears without a word. A
    symbolic link to a folder is followed, once; two names for one class folder are an error,
    because its images would be of two classes.

    Raises
    ------
    ImageSourceError
        If the folder is missing, is not a folder, cannot be read, holds no class folder, or one
        whose name cannot be used.
    """
    root = Path(location.path)
    if not root.exists():
        raise ImageSourceError(
            f"the image folder {root} does not exist. Give a folder that holds one folder a "
            "class with `kedro run --params images=FOLDER`; `make sample` draws the embedded "
            "sample for `--env sample`."
        )
    if not root.is_dir():
        raise ImageSourceError(f"{root} is a file, not a folder that holds one folder a class.")
    rows = [_describe(root, path) for path in _walk(root)]
    files = pd.DataFrame(rows, columns=list(SOURCE_COLUMNS), dtype=object).astype(SOURCE_COLUMNS)
    class_names = sorted(e.name for e in root.iterdir() if e.is_dir() and not _hidden(e.name))
    if not class_names:
        found = f"{len(files)} files but no class folder" if len(files) else "nothing"
        raise ImageSourceError(
            f"the image folder {root} holds {found}. Put the images of each class into a folder "
            "with the name of the class."
        )
    _check_class_folders(root, class_names)
    return ImageSource(
        location, tuple(class_names), files.sort_values("image_id", ignore_index=True)
    )


def _walk(root: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise ImageSourceError(
            f"the folder {error.filename} cannot be read: {error.strerror}. Mend its permissions "
            "or take it away."
        )

    entered = {os.path.realpath(root)}
    for folder, subfolders, names in os.walk(root, onerror=refuse, followlinks=True):
        real = {name: os.path.realpath(os.path.join(folder, name)) for name in sorted(subfolders)}
        subfolders[:] = [name for name in real if real[name] not in entered]
        entered.update(real.values())
        yield from (Path(folder) / name for name in names)


def _check_class_folders(root: Path, class_names: list[str]) -> None:
    listed = {os.path.realpath(root): "the image folder itself"}
    for name in class_names:
        if not _is_utf8(name):
            raise ImageSourceError(
                f"the name of the class folder {name!r} in {root} is not UTF-8. Rename it."
            )
        real = os.path.realpath(root / name)
        if real in listed:
            raise ImageSourceError(
                f"the class folder {name!r} in {root} is {listed[real]} under another name. Take "
                "the symbolic link away."
            )
        listed[real] = f"the class folder {name!r}"


def _describe(root: Path, path: Path) -> tuple[str, str, str, str, str]:
    relative = path.relative_to(root)
    class_name, reason = relative.parts[0], ""
    if len(relative.parts) == 1 or _hidden(class_name):
        class_name, reason = "", "not in a class folder"
    elif len(relative.parts) > 2:
        reason = "in a folder inside a class folder"
    elif not _is_utf8(relative.as_posix()):
        reason = "file name is not UTF-8"
    return (as_text(relative.as_posix()), str(path), class_name, "", reason)


def _is_utf8(name: str) -> bool:
    """Return whether a file name can be stored as text; Python escapes bytes that cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hidden(name: str) -> bool:
    return name.startswith(".")
