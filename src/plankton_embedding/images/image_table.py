"""A table of images: a path and a class a row."""

from __future__ import annotations

from pathlib import PurePosixPath

import pandas as pd

from plankton_embedding.images.source import (
    SOURCE_COLUMNS,
    ImageSource,
    ImageSourceError,
    Location,
)
from plankton_embedding.images.text_tables import keep_apart, read_table
from plankton_embedding.parameters import SourceOptions

NAMED_TWICE = "named twice in the table"


def list_image_table(location: Location, options: SourceOptions, *, labelled: bool) -> ImageSource:
    """List the images that a CSV, TSV or Parquet file names.

    Paths are absolute or from the table's folder; further columns are kept.

    Parameters
    ----------
    location
        Of the file.
    options
        ``path_column``, ``class_column``.
    labelled
        Whether images must have a class.

    Raises
    ------
    ImageSourceError
        If the table cannot be read or lacks a column.
    """
    table = read_table(location.filesystem, location.path)
    given = ", ".join(map(repr, table.columns))
    if not labelled and options.class_column not in table:
        table = table.assign(**{options.class_column: ""})
    for parameter in ("path_column", "class_column"):
        name = getattr(options, parameter)
        if name not in table:
            raise ImageSourceError(
                f"the table {location} has no column {name!r} (source.{parameter}). It has {given}."
            )
    named, classes = (
        table[column].astype("object").fillna("").astype("str").str.strip()
        for column in (options.path_column, options.class_column)
    )
    rest = keep_apart(table.drop(columns=[options.path_column, options.class_column]))
    files = rest.assign(
        image_id=unique_ids(named),
        path=[_resolve(location, path) for path in named],
        class_name=classes,
        prepared_split="",
        reason="",
    )
    if labelled:
        files.loc[files["class_name"] == "", "reason"] = "no class"
    files.loc[named.duplicated(), "reason"] = NAMED_TWICE
    files.loc[named == "", "reason"] = "no path"
    files = files.astype(SOURCE_COLUMNS)[[*SOURCE_COLUMNS, *rest.columns]]
    names = set(files.loc[files["reason"] == "", "class_name"]) - {""}
    return ImageSource(
        location, tuple(sorted(names)), files.sort_values("image_id", ignore_index=True)
    )


def unique_ids(names: pd.Series) -> pd.Series:
    """Number names that come again: ``a.png``, ``a.png#2``, so that every row has an id."""
    number = names.groupby(names).cumcount() + 1
    return names.where(number == 1, names + "#" + number.astype("str"))


def _resolve(location: Location, path: str) -> str:
    folder = PurePosixPath(location.path).parent
    if "://" in path:
        return str(location.filesystem._strip_protocol(path))
    return str(folder / path)
