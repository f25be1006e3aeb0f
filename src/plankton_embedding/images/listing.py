"""List the images of a location, by the layout that it has."""

from __future__ import annotations

from dataclasses import replace

from plankton_embedding.errors import UserError
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.ecotaxa import find_object_tables, list_ecotaxa
from plankton_embedding.images.found_files import find_files
from plankton_embedding.images.image_table import list_image_table
from plankton_embedding.images.location import unreachable
from plankton_embedding.images.pixel_size import add_pixel_size
from plankton_embedding.images.prepared_splits import holds_prepared_splits, list_prepared_splits
from plankton_embedding.images.source import ImageSource, ImageSourceError, Location
from plankton_embedding.parameters import SourceOptions

_TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


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
    try:
        _check_there(location)
        kind = _find_kind(location) if options.kind == "auto" else options.kind
        _check_is_folder(location, kind)
        source = _list(location, kind, options)
    except UserError:
        raise
    # An object store says so only when it is asked for something, by errors of its client's own.
    except Exception as error:
        if location.is_local:
            raise
        raise unreachable(location, error) from error
    return replace(source, files=add_pixel_size(source.files, options.pixel_size))


def _list(location: Location, kind: str, options: SourceOptions) -> ImageSource:
    if kind == "table":
        return list_image_table(location, options)
    if kind == "ecotaxa":
        return list_ecotaxa(location, options)
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


def _check_there(location: Location) -> None:
    if location.path and not location.filesystem.exists(location.path):
        raise ImageSourceError(
            f"the image folder {location} does not exist. Give a folder that holds one folder a "
            "class with `kedro run --params images=FOLDER`; `make sample` draws the embedded "
            "sample for `--env sample`."
        )


def _check_is_folder(location: Location, kind: str) -> None:
    is_folder = not location.path or location.filesystem.isdir(location.path)
    if kind == "table" and is_folder:
        raise ImageSourceError(f"{location} is a folder; source.kind table needs a table's path.")
    if kind != "table" and not is_folder:
        raise ImageSourceError(f"{location} is a file, not a folder that holds one folder a class.")
