"""A folder of class folders: which files there are, before any of them is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plankton_embedding.errors import UserError


class ImageFolderError(UserError):
    """The folder of class folders cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class ImageFile:
    """One file found.

    Attributes
    ----------
    image_id
        Path relative to the folder, with forward slashes: unique, and the same on every machine.
    class_name
        Name of the class folder; empty for a file outside any class folder.
    misplaced
        Why the file cannot be an image of a class (empty: it can).
    """

    image_id: str
    class_name: str
    misplaced: str = ""


@dataclass(frozen=True)
class ImageFolder:
    """The class folders under a folder, and all files, sorted by image_id."""

    root: Path
    class_names: tuple[str, ...]
    files: tuple[ImageFile, ...]


def list_image_folder(root: Path) -> ImageFolder:
    """List the files of a folder of class folders.

    Every file is listed: also one beside the class folders or in a folder inside a class
    folder, marked as misplaced, so that no image disappears without a word. A symbolic link
    to a folder is followed, once; two names for one class folder are an error, because its
    images would be of two classes.

    Raises
    ------
    ImageFolderError
        If the folder is missing, is not a folder, cannot be read, holds no class folder, or one
        whose name cannot be used.
    """
    if not root.exists():
        raise ImageFolderError(
            f"the image folder {root} does not exist. Give a folder that holds one folder a "
            "class with `kedro run --params images=FOLDER`; `make sample` draws the embedded "
            "sample for `--env sample`."
        )
    if not root.is_dir():
        raise ImageFolderError(f"{root} is a file, not a folder that holds one folder a class.")
    files = sorted((_image_file(root, path) for path in _walk(root)), key=lambda f: f.image_id)
    class_names = sorted(e.name for e in root.iterdir() if e.is_dir() and not _hidden(e.name))
    if not class_names:
        found = f"{len(files)} files but no class folder" if files else "nothing"
        raise ImageFolderError(
            f"the image folder {root} holds {found}. Put the images of each class into a folder "
            "with the name of the class."
        )
    _check_class_folders(root, class_names)
    return ImageFolder(root, tuple(class_names), tuple(files))


def _walk(root: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise ImageFolderError(
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
            raise ImageFolderError(
                f"the name of the class folder {name!r} in {root} is not UTF-8. Rename it."
            )
        real = os.path.realpath(root / name)
        if real in listed:
            raise ImageFolderError(
                f"the class folder {name!r} in {root} is {listed[real]} under another name. Take "
                "the symbolic link away."
            )
        listed[real] = f"the class folder {name!r}"


def _image_file(root: Path, path: Path) -> ImageFile:
    relative = path.relative_to(root)
    image_id = relative.as_posix()
    if len(relative.parts) == 1 or _hidden(relative.parts[0]):
        return ImageFile(image_id, "", "not in a class folder")
    misplaced = ""
    if len(relative.parts) > 2:
        misplaced = "in a folder inside a class folder"
    elif not _is_utf8(image_id):
        misplaced = "file name is not UTF-8"
    return ImageFile(image_id, relative.parts[0], misplaced)


def _is_utf8(name: str) -> bool:
    """Return whether a file name can be stored as text; Python escapes bytes that cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hidden(name: str) -> bool:
    return name.startswith(".")
