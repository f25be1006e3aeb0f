"""Splits that somebody prepared: folders of class folders, one a split."""

from __future__ import annotations

from plankton_embedding.images.class_folders import describe_file, is_hidden, tabulate_files
from plankton_embedding.images.found_files import FoundFile, find_files
from plankton_embedding.images.source import ImageSource, ImageSourceError, Location
from plankton_embedding.images.split_names import TEST, TRAIN, VALIDATION

_SPLIT_OF_FOLDER = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "validate": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "test": TEST,
    "testing": TEST,
}


def holds_prepared_splits(folders: list[str]) -> bool:
    """Return whether folders are those of splits: all of them, and each split once."""
    visible = [name for name in folders if not is_hidden(name)]
    splits = [_SPLIT_OF_FOLDER.get(name.lower()) for name in visible]
    return sorted(map(str, splits)) == sorted([TRAIN, VALIDATION, TEST])


def list_prepared_splits(location: Location, nested_folders: str) -> ImageSource:
    """List the files of folders ``train``, ``validation`` (or ``validate``) and ``test``.

    Parameters
    ----------
    location
        Of the folder that holds them.
    nested_folders
        See `list_class_folders`.

    Raises
    ------
    ImageSourceError
        If one of the three is missing, or there is another.
    """
    found = find_files(location)
    if not holds_prepared_splits(found.folders):
        raise ImageSourceError(
            f"{location} holds the folders {', '.join(found.folders) or 'none'}, not train, "
            "validation and test. Set source.kind to class_folders if these are classes."
        )
    rows = [_describe(file, nested_folders) for file in found.files]
    names = {row[2] for row in rows if row[2] and not row[3]}
    return ImageSource(location, tuple(sorted(names)), tabulate_files(rows))


def _describe(file: FoundFile, nested_folders: str) -> tuple[str, str, str, str, str]:
    split = _SPLIT_OF_FOLDER.get(file.parts[0].lower(), "") if len(file.parts) > 1 else ""
    if not split:
        image_id, path, _, _ = describe_file(file, file.parts[-1:], nested_folders)
        return image_id, path, "", "not in a folder of a split", ""
    return (*describe_file(file, file.parts[1:], nested_folders), split)
