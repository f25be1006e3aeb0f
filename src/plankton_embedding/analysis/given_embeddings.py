"""Embeddings that somebody else made, in the form of the ``embeddings`` table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    embedded_steps,
    embedding_columns,
    embedding_matrix,
    validation_steps,
)

_FILE_KINDS = (".parquet", ".csv")
_STEP = re.compile(r"step[ _=-]*(\d+)", re.IGNORECASE)
_SPLIT = re.compile(r"(?<![a-z])(validation|test|unseen)(?![a-z])", re.IGNORECASE)
_CLASS_COLUMNS = ("class_name", "label")
_HOW = "see docs/reporting.md, 'Embeddings of others'"


def read_given_embeddings(folder: Path) -> pd.DataFrame:
    """Read a folder of embeddings as one ``embeddings`` table.

    Every file ``*.parquet`` and ``*.csv`` in the folder and below it is read. A file has one row
    an image: its class in ``class_name`` or ``label``, its vector in ``e00``, ``e01``, …, and
    perhaps ``image_id``. Step and split stand in columns ``step`` and ``split``, or in the name
    of the file or of its folders: ``validation_step_01.parquet``,
    ``step=1/split=test/rows.parquet``. Where no step is named, all are step 1.

    Without an ``image_id`` an image is named after its split and row; images of the same split,
    row and class at two steps are then taken for the same image.

    Returns
    -------
    DataFrame
        ``image_id``, ``class_name``, ``step``, ``split`` ("validation", "test" or "unseen") and
        the vectors, float32.

    Raises
    ------
    EmbeddingsError
        Names the file, and what is wrong with it.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in _FILE_KINDS)
    if not files:
        found = "holds no .parquet or .csv file" if folder.is_dir() else "is not a folder"
        raise EmbeddingsError(f"embeddings={folder} {found}: {_HOW}")
    tables = [_read_file(path, folder) for path in files]
    sizes = {path: len(embedding_columns(table)) for path, table in zip(files, tables, strict=True)}
    if len(set(sizes.values())) > 1:
        named = ", ".join(f"{path.name} has {size}" for path, size in sizes.items())
        raise EmbeddingsError(f"embeddings of different sizes in {folder}: {named}")
    table = pd.concat(tables, ignore_index=True)
    _check_images(table, folder)
    return table


def _read_file(path: Path, folder: Path) -> pd.DataFrame:
    try:
        read = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (OSError, ValueError) as error:
        raise EmbeddingsError(f"{path} cannot be read: {error}") from error
    class_column = next((name for name in _CLASS_COLUMNS if name in read), None)
    if class_column is None or read.empty:
        problem = "has no rows" if class_column else "has neither a column class_name nor label"
        raise EmbeddingsError(f"{path} {problem}: {_HOW}")
    if read[class_column].isna().any():
        raise EmbeddingsError(f"{path}: row {int(read[class_column].isna().argmax())} has no class")
    place = path.relative_to(folder).as_posix()
    table = pd.DataFrame(
        {
            "class_name": read[class_column].astype(str),
            "step": read["step"] if "step" in read else _step_of(place),
            "split": read["split"] if "split" in read else _split_of(place, path),
        }
    )
    unknown = set(table["split"]) - {"validation", "test", "unseen"}
    if unknown:
        raise EmbeddingsError(
            f"{path} has the split {sorted(map(str, unknown))[0]!r}: only validation, test "
            "and unseen images are reported on"
        )
    images = read["image_id"].astype(str) if "image_id" in read else _row_names(table)
    table.insert(0, "image_id", images)
    vectors = read[embedding_columns(read)].astype("float32")
    complete = pd.concat([table, vectors], axis=1)
    embedding_matrix(complete)
    return complete


def _read_csv(path: Path) -> pd.DataFrame:
    # A class may be called NA, null or 007.
    text = dict.fromkeys(["image_id", "split", *_CLASS_COLUMNS], str)
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])


def _step_of(place: str) -> int:
    found = _STEP.search(place)
    return int(found[1]) if found else 1


def _split_of(place: str, path: Path) -> str:
    found = _SPLIT.search(place)
    if found is None:
        raise EmbeddingsError(
            f"{path}: neither its name nor a column split says whether these are validation or "
            f"test images: {_HOW}"
        )
    return found[1].lower()


def _row_names(table: pd.DataFrame) -> pd.Series:
    row = table.groupby(["step", "split"]).cumcount().astype(str).str.zfill(6)
    return table["class_name"] + "/" + table["split"] + "_" + row


def _check_images(table: pd.DataFrame, folder: Path) -> None:
    twice = table.duplicated(["image_id", "step", "split"])
    if twice.any():
        row = table[twice].iloc[0]
        raise EmbeddingsError(
            f"embeddings={folder}: {row['image_id']!r} stands twice among the {row['split']} "
            f"images of step {row['step']}"
        )
    last = validation_steps(table)[-1]
    if last not in embedded_steps(table, "test"):
        raise EmbeddingsError(
            f"embeddings={folder}: the last step with validation images, {last}, has no test images"
        )
