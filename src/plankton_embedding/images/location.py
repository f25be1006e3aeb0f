"""Open the place that the parameter `images` names."""

from __future__ import annotations

from fsspec.implementations.local import LocalFileSystem

from plankton_embedding.images.source import Location


def open_location(images: str) -> Location:
    """Open a folder or a file of this machine.

    Parameters
    ----------
    images
        A path, absolute or from the working directory.
    """
    return Location(LocalFileSystem(), images)
