"""List the images of a location, by the layout that it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from plankton_embedding.errors import UserError
from plankton_embedding.images.class_folders import list_any_files, list_class_folders
from plankton_embedding.images.ecotaxa import find_object_tables, list_ecotaxa
from plankton_embedding.images.found_files import find_files
from plankton_embedding.images.image_table import list_image_table
from plankton_embedding.images.location import unreachable
from plankton_embedding.images.pixel_size import add_pixel_size
from plankton_embedding.images.prepared_splits import holds_prepared_splits, list_prepared_splits
from plankton_embedding.images.source import ImageSource, ImageSourceError, Location
from plankton_embedding.parameters import SourceOptions

_TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
_GIVE_CLASSES = (
    "Give a folder that holds one folder a class with `--params images=FOLDER`; `make sample` "
    "draws the embedded sample for `--env sample`."
)
_GIVE_IMAGES = "Give a folder, a zip, a table or an image with `--params images=PLACE`."


def list_images(location: Location, options: SourceOptions) -> ImageSource:
    """List the files of a source of images.

    Parameters
    ----------
    location
        Where it is.
    options
        ``kind`` and what is particular to kinds.

    Raises
    ------
    ImageSourceError
        If it is missing, cannot be read or is not of that kind.
    """
    with _report_unreachable(location):
        _check_there(location, _GIVE_CLASSES)
        kind = _find_kind(location) if options.kind == "auto" else options.kind
        _check_is_folder(location, kind)
        source = _list(location, kind, options)
    return replace(source, files=add_pixel_size(source.files, options.pixel_size))


def list_unlabelled_images(location: Location, options: SourceOptions) -> ImageSource:
    """List the files of a source of images whose classes nobody needs to know.

    An export of EcoTaxa, a table, one image, or a folder whose files may lie anywhere in it.
    Classes that the source names are listed, and images without one are images like others.

    Parameters
    ----------
    location
        Where it is.
    options
        ``kind``, of which all kinds of folders are one; ``path_column``.

    Raises
    ------
    ImageSourceError
        If it is missing, cannot be read, or holds no file.
    """
    with _report_unreachable(location):
        _check_there(location, _GIVE_IMAGES)
        kind = _find_kind(location) if options.kind == "auto" else options.kind
        if kind == "table":
            _check_is_folder(location, kind)
            source = list_image_table(location, options, labelled=False)
        elif kind == "ecotaxa":
            _check_is_folder(location, kind)
            source = list_ecotaxa(location, options, labelled=False)
        else:
            source = list_any_files(location)
    if source.files.empty:
        raise ImageSourceError(f"{location} holds no file: there is nothing to classify.")
    return source


@contextmanager
def _report_unreachable(location: Location) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    # An object store says so only when it is asked for something, by errors of its client's own.
    except Exception as error:
        if location.is_local:
            raise
        raise unreachable(location, error) from error


def _list(location: Location, kind: str, options: SourceOptions) -> ImageSource:
    if kind == "table":
        return list_image_table(location, options, labelled=True)
    if kind == "ecotaxa":
        return list_ecotaxa(location, options, labelled=True)
    if kind == "prepared_splits":
        return list_prepared_splits(location, options.nested_folders)
    return list_class_folders(location, options.nested_folders)


def _find_kind(location: Location) -> str:
    if not location.filesystem.isdir(location.path):
        return "table" if location.path.lower().endswith(_TABLES) else "class_folders"
    found = find_files(location)
    if holds_prepared_splits(found.folders):
        return "prepared_splits"
    return "ecotaxa" if find_object_tables(location, found.files) else "class_folders"


def _check_there(location: Location, advice: str) -> None:
    if location.path and not location.filesystem.exists(location.path):
        raise ImageSourceError(f"{location} does not exist. {advice}")


def _check_is_folder(location: Location, kind: str) -> None:
    is_folder = not location.path or location.filesystem.isdir(location.path)
    if kind == "table" and is_folder:
        raise ImageSourceError(f"{location} is a folder; source.kind table needs a table's path.")
    if kind != "table" and not is_folder:
        raise ImageSourceError(f"{location} is a file, not a folder that holds one folder a class.")
