"""Tables of text: read as they are, nothing is taken for a number or for missing."""

from __future__ import annotations

import io

import pandas as pd
from fsspec import AbstractFileSystem

from plankton_embedding.images.source import RESERVED_COLUMNS, ImageSourceError

_PARQUET = (".parquet", ".pq")


def read_table(filesystem: AbstractFileSystem, path: str) -> pd.DataFrame:
    """Read a CSV, TSV or Parquet file.

    Returns
    -------
    DataFrame
        Of a text file all values as text, empty where there is none.

    Raises
    ------
    ImageSourceError
        If it cannot be read.
    """
    try:
        content = filesystem.cat_file(path)
        if path.lower().endswith(_PARQUET):
            return pd.read_parquet(io.BytesIO(content))
        separator = "\t" if path.lower().endswith((".tsv", ".txt")) else ","
        text = io.StringIO(_decode(content), newline="")
        return pd.read_csv(text, sep=separator, dtype="str", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ImageSourceError(f"the table {path} cannot be read: {error}.") from error


def as_numbers(values: pd.Series) -> pd.Series:
    """Return values as numbers, empty ones as missing; as they are, if one is no number."""
    numbers = pd.to_numeric(values.where(values != ""), errors="coerce")
    return numbers if numbers.notna().sum() == (values != "").sum() else values


def keep_apart(table: pd.DataFrame) -> pd.DataFrame:
    """Rename the columns that the image manifest has of its own: ``source_NAME``."""
    return table.rename(columns={name: f"source_{name}" for name in RESERVED_COLUMNS})


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Of older exports; every byte is a character of it.
        return content.decode("latin-1")
