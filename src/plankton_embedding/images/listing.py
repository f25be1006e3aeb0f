"""List the images of a location, by the layout that it has."""

from __future__ import annotations

from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.source import ImageSource, Location
from plankton_embedding.parameters import SourceOptions


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
    return list_class_folders(location)
