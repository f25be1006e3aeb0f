"""Open the place that the parameter `images` names."""

from __future__ import annotations

import os
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from plankton_embedding.images.source import ImageSourceError, Location
from plankton_embedding.images.zip_members import open_zip


def open_location(images: str) -> Location:
    """Open a folder, a zip or a table, of this machine or at an address that fsspec knows.

    Parameters
    ----------
    images
        A path, absolute or from the working directory, or an address such as
        ``s3://bucket/folder``.

    Raises
    ------
    ImageSourceError
        If it cannot be opened.
    """
    protocol, separator, _ = images.partition("://")
    if not separator or protocol == "file":
        path = images.removeprefix("file://")
        if path.lower().endswith(".zip") and os.path.isfile(path):
            return Location(open_zip(path), "", path)
        return Location(LocalFileSystem(), path)
    try:
        # Listings that are kept would miss what was added since.
        filesystem, path = fsspec.core.url_to_fs(images, use_listings_cache=False)
        if path.lower().endswith(".zip"):
            opened = open_zip(path, target_protocol=protocol, **_remote(filesystem))
            return Location(opened, "", images)
    except ImportError as error:
        raise ImageSourceError(
            f"{images} needs a package that is not installed: {error}. For s3:// it is "
            "`pip install 'plankton_embedding[s3]'`."
        ) from error
    except ValueError as error:
        raise ImageSourceError(f"{images} is no address that is known: {error}.") from error
    except OSError as error:
        raise unreachable(images, error) from error
    return Location(filesystem, path)


def unreachable(place: object, error: Exception) -> ImageSourceError:
    """Return the error of a place that cannot be read."""
    return ImageSourceError(
        f"{place} cannot be read: {error}. Check the address, the network and, on an object store, "
        "your credentials."
    )


def _remote(filesystem: fsspec.AbstractFileSystem) -> dict[str, Any]:
    return {"target_options": dict(filesystem.storage_options)}
