"""Rejects: the files that are not used, listed to be mended, and how many are too many."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.scan import ACCEPTED, REJECTED
from plankton_embedding.parameters import ScanOptions


class TooManyRejectedError(UserError):
    """More files were rejected than ``scan.max_rejected`` allows."""


def list_rejected_images(manifest: pd.DataFrame) -> pd.DataFrame:
    """List the files that are not used.

    Returns
    -------
    DataFrame, one row a rejected file, sorted by reason and image_id: ``image_id``, ``path``,
    ``class_name`` (empty for a file outside any class folder), ``bytes``, ``reason``.
    """
    rejected = manifest.loc[
        manifest["status"] == REJECTED, ["image_id", "path", "class_name", "bytes", "reason"]
    ]
    return rejected.sort_values(["reason", "image_id"], ignore_index=True)


def accept_images(
    manifest: pd.DataFrame, rejected: pd.DataFrame, options: ScanOptions
) -> pd.DataFrame:
    """Return the rows of the images in use.

    Parameters
    ----------
    manifest
        Image manifest, all files.
    rejected
        As from `list_rejected_images`; an input, so that the list is on disk before this raises.
    options
        ``max_rejected``: the largest share of all files that may be rejected.

    Raises
    ------
    TooManyRejectedError
        Names the share, the limit, the commonest reason and an example.
    """
    share = len(rejected) / len(manifest)
    if share > options.max_rejected:
        counts = rejected["reason"].value_counts()
        example = rejected.loc[rejected["reason"] == counts.index[0], "path"].iloc[0]
        raise TooManyRejectedError(
            f"{len(rejected):,} of {len(manifest):,} files were rejected, {share:.1%}; "
            f"scan.max_rejected allows {options.max_rejected:.1%}. The commonest reason is "
            f"{counts.index[0]!r} ({counts.iloc[0]:,} files), for example {example}. All of them "
            "are in data/02_intermediate/rejected_images.csv: mend or remove them, or raise "
            "scan.max_rejected."
        )
    return manifest[manifest["status"] == ACCEPTED]
