"""A folder of class folders: one folder a class, named like it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from plankton_embedding.images.found_files import FoundFile, FoundFiles, find_files
from plankton_embedding.images.source import (
    SOURCE_COLUMNS,
    ImageSource,
    ImageSourceError,
    Location,
    as_text,
)

_NOT_UTF8 = "file name is not UTF-8"


def list_class_folders(location: Location, nested_folders: str = "reject") -> ImageSource:
    """List the files of a folder of class folders.

    Every file is listed: also one beside the class folders or in a folder inside a class
    folder, with the reason why it cannot be used, so that no image disappears without a word. A
    symbolic link to a folder is followed, once; two names for one class folder are an error,
    because its images would be of two classes.

    Parameters
    ----------
    location
        Of the folder.
    nested_folders
        What images in a folder inside a class folder are: ``reject``, not used; ``first``, of the
        class folder's class; ``path``, of a class named by all folders, with slashes.

    Raises
    ------
    ImageSourceError
        If the folder cannot be read, holds no class folder, or one whose name cannot be used.
    """
    found = find_files(location)
    folders = [name for name in found.folders if not is_hidden(name)]
    if not folders:
        held = f"{len(found.files)} files but no class folder" if found.files else "nothing"
        raise ImageSourceError(
            f"the image folder {location} holds {held}. Put the images of each class into a folder "
            "with the name of the class."
        )
    check_class_folders(location, folders)
    rows = [(*describe_file(file, file.parts, nested_folders), "") for file in found.files]
    return ImageSource(
        location, name_classes(found, folders, rows, nested_folders), tabulate_files(rows)
    )


def list_any_files(location: Location) -> ImageSource:
    """List all files of a folder, however deep they lie, or one file; none has a class.

    Raises
    ------
    ImageSourceError
        If a folder cannot be read.
    """
    if location.path and not location.filesystem.isdir(location.path):
        files = [FoundFile((location.path.rpartition("/")[2],), location.path)]
    else:
        files = find_files(location).files
    rows = [
        (as_text(file.name), file.path, "", "" if is_utf8(file.name) else _NOT_UTF8, "")
        for file in files
    ]
    return ImageSource(location, (), tabulate_files(rows))


def describe_file(
    file: FoundFile, parts: Sequence[str], nested_folders: str
) -> tuple[str, str, str, str]:
    """Return image_id, path, class_name and the reason why a file cannot be used.

    Parameters
    ----------
    file
        The file.
    parts
        Its place from the folder of class folders.
    nested_folders
        See `list_class_folders`.
    """
    class_name, reason = parts[0], ""
    if len(parts) == 1 or is_hidden(class_name):
        class_name, reason = "", "not in a class folder"
    elif len(parts) > 2 and nested_folders == "reject":
        reason = "in a folder inside a class folder"
    elif len(parts) > 2 and nested_folders == "path":
        class_name = "/".join(parts[:-1])
    if not reason and not is_utf8(file.name):
        reason = _NOT_UTF8
    return as_text(file.name), file.path, as_text(class_name), reason


def tabulate_files(rows: Sequence[tuple[str, str, str, str, str]]) -> pd.DataFrame:
    """Return the files of a source from image_id, path, class_name, reason and prepared_split."""
    columns = ["image_id", "path", "class_name", "reason", "prepared_split"]
    files = pd.DataFrame(rows, columns=columns, dtype=object).astype(SOURCE_COLUMNS)
    return files[list(SOURCE_COLUMNS)].sort_values("image_id", ignore_index=True)


def name_classes(
    found: FoundFiles,
    folders: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    nested_folders: str,
) -> tuple[str, ...]:
    """Return the names of the classes, sorted: those of files, and of folders without any."""
    if nested_folders != "path":
        return tuple(sorted(folders))
    holding = {file.parts[0] for file in found.files}
    used = {row[2] for row in rows if not row[3]}
    return tuple(sorted(used | {name for name in folders if name not in holding}))


def check_class_folders(location: Location, folders: Sequence[str]) -> None:
    """Check that each class folder has a name that can be written, and is one class.

    Raises
    ------
    ImageSourceError
        Names the folder.
    """
    root = location.path
    listed = {os.path.realpath(root): "the image folder itself"} if location.is_local else {}
    for name in folders:
        if not is_utf8(name):
            raise ImageSourceError(
                f"the name of the class folder {name!r} in {root} is not UTF-8. Rename it."
            )
        if not location.is_local:
            continue
        real = os.path.realpath(Path(root) / name)
        if real in listed:
            raise ImageSourceError(
                f"the class folder {name!r} in {root} is {listed[real]} under another name. Take "
                "the symbolic link away."
            )
        listed[real] = f"the class folder {name!r}"


def is_utf8(name: str) -> bool:
    """Return whether a file name can be stored as text; Python escapes bytes that cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_hidden(name: str) -> bool:
    """Return whether a folder is of the system's, not of the user's."""
    return name.startswith(".") or name == "__MACOSX"
