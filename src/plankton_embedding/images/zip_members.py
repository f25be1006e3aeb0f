"""Zip files of images: refused where a member could do harm or would be lost."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Sequence
from typing import Any

from fsspec.implementations.zip import ZipFileSystem

from plankton_embedding.images.source import ImageSourceError

# An image of 100 million pixels in 32-bit colour is 400 MB; larger members are no images.
_LARGEST_MEMBER = 2**30
# Deflate packs 1,032 to 1 at most, and images far less: more means that members share their bytes
# (Fifield 2019, "A better zip bomb").
_LARGEST_RATIO = 1032
_ENCRYPTED = 0x1


def open_zip(address: str, **remote: Any) -> ZipFileSystem:
    """Open a zip file as a file system.

    Parameters
    ----------
    address
        Of the file: a path, or an address with `target_protocol` and `target_options`.
    remote
        Handed to fsspec.

    Raises
    ------
    ImageSourceError
        If it is no zip, or a member of it is unsafe.
    """
    try:
        # A file of this name may have been another a moment ago.
        filesystem = ZipFileSystem(address, skip_instance_cache=True, **remote)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ImageSourceError(
            f"{address} is not a zip file that can be read: {error}. Is it complete?"
        ) from error
    check_members(address, filesystem.zip.infolist())
    return filesystem


def check_members(address: str, members: Sequence[zipfile.ZipInfo]) -> None:
    """Check that no member leaves its folder, unpacks without end, or hides another.

    Raises
    ------
    ImageSourceError
        Names the member, and says what is wrong with it.
    """
    seen = set()
    for member in members:
        problem = _problem(member)
        if member.filename in seen:
            problem = "is there twice; one of the two would be lost"
        seen.add(member.filename)
        if problem:
            raise ImageSourceError(
                f"the member {member.filename!r} of {address} {problem}. Nothing of it is read: "
                "unpack it with care, and give the folder."
            )
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > _LARGEST_MEMBER and unpacked > _LARGEST_RATIO * packed:
        raise ImageSourceError(
            f"{address} would unpack {packed:,} bytes to {unpacked:,}: it is a decompression bomb."
        )


def _problem(member: zipfile.ZipInfo) -> str:
    # Pillow and fsspec see names as zipfile cleans them; what was meant stands in orig_filename.
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":") or "\0" in name:
        return "leaves the folder that it would be unpacked into"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed by another method than deflate, which unpacks without bounds"
    if member.file_size > _LARGEST_MEMBER:
        return f"unpacks to {member.file_size:,} bytes, which is no image"
    return ""
