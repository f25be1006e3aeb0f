"""Embeddings that somebody else made, in the form of the ``embeddings`` table."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    embedded_steps,
    embedding_columns,
    embedding_matrix,
)

logger = logging.getLogger(__name__)

_FILE_KINDS = (".parquet", ".csv")
_REPORTED, _LEFT_OUT = ("validation", "test", "unseen"), "train"
_STEP = re.compile(r"step[ _=-]*(\d+)", re.IGNORECASE)
_SPLIT = re.compile(rf"(?<![a-z])({'|'.join([*_REPORTED, _LEFT_OUT])})(?![a-z])", re.IGNORECASE)
_CLASS_COLUMNS = ("class_name", "label")
_FEW = 3
_HOW = "see docs/reporting.md, 'Embeddings of others'"


def read_given_embeddings(folder: Path) -> pd.DataFrame:
    """Read a folder of embeddings as one ``embeddings`` table.

    Every file ``*.parquet`` and ``*.csv`` in the folder and below it is read. A file has one row
    an image: its class in ``class_name`` or ``label``, its vector in ``e00``, ``e01``, …, of the
    same names in every file, and perhaps ``image_id``. Step and split stand in columns ``step``
    and ``split``, or in the name of the file or of its folders: ``validation_step_01.parquet``,
    ``step=1/split=test/rows.parquet``. The file's own name goes before those of its folders, an
    inner folder before an outer one, and in a name what stands last counts. Where no step is
    named, all are step 1. The log says what each file was taken for. Images of the split "train"
    are left out.

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
    read = {path.relative_to(folder).as_posix(): _read_file(path, folder) for path in files}
    tables = {place: table for place, table in read.items() if len(table)}
    if not tables:
        raise EmbeddingsError(f"embeddings={folder} holds nothing but train images: {_HOW}")
    _check_columns(tables, folder)
    table = pd.concat(tables.values(), ignore_index=True)
    _check_images(table, folder)
    return table


def _read_file(path: Path, folder: Path) -> pd.DataFrame:
    """Read the images of a file that are reported on, maybe none."""
    try:
        read = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (OSError, ValueError) as error:
        raise EmbeddingsError(f"{path} cannot be read: {error}") from error
    class_column = next((name for name in _CLASS_COLUMNS if name in read), None)
    if class_column is None or read.empty:
        problem = "has no rows" if class_column else "has neither a column class_name nor label"
        raise EmbeddingsError(f"{path} {problem}: {_HOW}")
    place = path.relative_to(folder)
    if "split" not in read:
        read = read.assign(split=_split_of(place, path))
    read = _reported_rows(read.reset_index(drop=True), path)
    if read.empty:
        return read
    nameless = read.index[read[class_column].isna()]
    if len(nameless):
        raise EmbeddingsError(f"{path}: row {nameless[0]} has no class")
    table = pd.DataFrame(
        {
            "class_name": read[class_column].astype(str),
            "step": _whole_steps(read["step"], path) if "step" in read else _step_of(place),
            "split": read["split"].astype(str),
        }
    )
    counts = table.groupby(["split", "step"]).size().reset_index(name="rows")
    for split, step, rows in counts.itertuples(index=False):
        logger.info("%s: taken for %d %s images of step %d", path, rows, split, step)
    images = read["image_id"].astype(str) if "image_id" in read else _row_names(table)
    table.insert(0, "image_id", images)
    return _with_vectors(table, read, path)


def _read_csv(path: Path) -> pd.DataFrame:
    # A class may be called NA, null or 007.
    text = dict.fromkeys(["image_id", "split", *_CLASS_COLUMNS], str)
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])


def _reported_rows(read: pd.DataFrame, path: Path) -> pd.DataFrame:
    left_out = read["split"] == _LEFT_OUT
    if left_out.any():
        logger.info("%s: %d train images are left out", path, left_out.sum())
    unknown = set(read["split"]) - {*_REPORTED, _LEFT_OUT}
    if unknown:
        raise EmbeddingsError(
            f"{path} has the split {sorted(map(str, unknown))[0]!r}: only validation, test "
            "and unseen images are reported on"
        )
    return read[~left_out]


def _whole_steps(steps: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(steps.astype(object), errors="coerce").astype(np.float64)
    wrong = steps[~(numbers % 1 == 0)]
    if len(wrong):
        raise EmbeddingsError(f"{path}: the step {str(wrong.iloc[0])!r} is not a whole number")
    return numbers.astype(np.int64)


def _step_of(place: Path) -> int:
    return int(_last_named(_STEP, place) or 1)


def _split_of(place: Path, path: Path) -> str:
    found = _last_named(_SPLIT, place)
    if found is None:
        raise EmbeddingsError(
            f"{path}: neither its name nor a column split says whether these are validation or "
            f"test images: {_HOW}"
        )
    return found.lower()


def _last_named(pattern: re.Pattern[str], place: Path) -> str | None:
    # The file's own name, then its folders from the innermost outwards.
    for name in reversed(place.parts):
        found = pattern.findall(name)
        if found:
            return str(found[-1])
    return None


def _with_vectors(table: pd.DataFrame, read: pd.DataFrame, path: Path) -> pd.DataFrame:
    try:
        columns = embedding_columns(read)
    except EmbeddingsError as error:
        raise EmbeddingsError(f"{path} has no embedding columns e00, e01, …: {_HOW}") from error
    try:
        complete = pd.concat([table, read[columns].astype("float32")], axis=1)
        embedding_matrix(complete)
    except ValueError as error:
        raise EmbeddingsError(f"{path}: {error}") from error
    return complete


def _row_names(table: pd.DataFrame) -> pd.Series:
    row = table.groupby(["step", "split"]).cumcount().astype(str).str.zfill(6)
    return table["class_name"] + "/" + table["split"] + "_" + row


def _check_columns(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    columns = {place: set(embedding_columns(table)) for place, table in tables.items()}
    first, expected = next(iter(columns.items()))
    for place, found in columns.items():
        if found != expected:
            raise EmbeddingsError(
                f"embeddings={folder}: the embedding columns of {first} and {place} differ: "
                f"{_only(first, expected - found)}, {_only(place, found - expected)}"
            )


def _only(place: str, names: set[str]) -> str:
    few = sorted(names)[:_FEW]
    shown = ", ".join([*few, "…"] if len(names) > _FEW else few)
    return f"only {place} has {shown}" if few else f"{place} has none of its own"


def _check_images(table: pd.DataFrame, folder: Path) -> None:
    for keys in (["image_id", "step", "split"], ["image_id", "step"]):
        twice = table[table.duplicated(keys, keep=False)]
        if len(twice):
            same = twice[(twice[keys] == twice.iloc[0][keys]).all(axis=1)]
            raise EmbeddingsError(f"embeddings={folder}: {_describe_repeated(same)}")
    steps = embedded_steps(table, "validation")
    if not steps:
        raise EmbeddingsError(f"embeddings={folder} holds no validation images: {_HOW}")
    if steps[-1] not in embedded_steps(table, "test"):
        raise EmbeddingsError(
            f"embeddings={folder}: the last step with validation images, {steps[-1]}, has no test "
            "images"
        )


def _describe_repeated(rows: pd.DataFrame) -> str:
    image_id, step, split = rows[["image_id", "step", "split"]].iloc[0]
    splits, classes = rows["split"].unique(), rows["class_name"].unique()
    if len(splits) > 1:
        return (
            f"the image_id {image_id!r} stands among the {' and the '.join(splits)} images of step "
            f"{step}. Either every split numbers its images anew: make the ids unique, with split "
            "and class in front, say. Or one image is in several splits, which makes scores too "
            "good (leakage): leave it out of all but one"
        )
    if len(classes) > 1:
        named = " and ".join(map(repr, classes[:_FEW]))
        return (
            f"the image_id {image_id!r} stands for images of the classes {named} among the {split} "
            f"images of step {step}: make the ids unique, with split and class in front, say"
        )
    return f"{image_id!r} stands twice among the {split} images of step {step}"
