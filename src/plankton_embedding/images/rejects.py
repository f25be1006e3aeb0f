"""Rejects: the files that are not used, listed to be mended, and how many are too many."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.scan import ACCEPTED, REJECTED
from plankton_embedding.parameters import ScanOptions

# Of a reason: the user chose to leave these out, so they say nothing of the state of the files.
NOT_VALIDATED = "not validated"


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


def count_kinds(reasons: pd.Series) -> pd.Series:
    """Count reasons by their kind, which stands before the first colon.

    Returns
    -------
    Series of int
        By the kind, the commonest first.
    """
    return reasons.astype("str").str.split(":", n=1).str[0].value_counts()


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
    damaged = rejected[~rejected["reason"].str.startswith(NOT_VALIDATED)]
    share = len(damaged) / len(manifest)
    if share > options.max_rejected:
        kinds = count_kinds(damaged["reason"])
        example = damaged.loc[damaged["reason"].str.startswith(kinds.index[0]), "path"].iloc[0]
        raise TooManyRejectedError(
            f"{len(damaged):,} of {len(manifest):,} files were rejected, {share:.1%}; "
            f"scan.max_rejected allows {options.max_rejected:.1%}. The commonest reason is "
            f"{kinds.index[0]!r} ({kinds.iloc[0]:,} files), for example {example}. All of them "
            "are in data/02_intermediate/rejected_images.csv: mend or remove them, or raise "
            "scan.max_rejected."
        )
    return manifest[manifest["status"] == ACCEPTED]
