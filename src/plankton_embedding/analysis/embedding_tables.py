"""Reading the ``embeddings`` table: its steps, its splits, its vectors."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.errors import UserError


class EmbeddingsError(UserError):
    """The embeddings are not what a finished training leaves behind."""


_EMBEDDING_COLUMN = re.compile(r"e(\d+)")


def embedding_columns(table: pd.DataFrame) -> list[str]:
    """Return the names of the embedding's columns, ``e00``, ``e01``, …, in numeric order.

    Raises
    ------
    EmbeddingsError
        If the table has no such column.
    """
    matches = [match for name in table.columns if (match := _EMBEDDING_COLUMN.fullmatch(str(name)))]
    if not matches:
        raise EmbeddingsError(
            f"no embedding columns e00, e01, … among {list(table.columns)}: "
            "give the table that the modelling pipeline wrote as 'embeddings'"
        )
    return [match.string for match in sorted(matches, key=lambda match: int(match[1]))]


def embedding_matrix(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the vectors of a table, one row an image.

    Returns
    -------
    ndarray of float64, shape (images, embedding size)

    Raises
    ------
    EmbeddingsError
        If a value is missing or infinite; it names the first such image, its step and split.
    """
    vectors = table[embedding_columns(table)].to_numpy(dtype=np.float64)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        count = int((~finite).sum())
        raise EmbeddingsError(
            f"{count} {'embedding holds' if count == 1 else 'embeddings hold'} NaN or infinity, "
            f"the first is that of {_describe_row(table, int(np.argmin(finite)))}. If training "
            "diverged, lower its learning rate and run modelling again; else leave the image out"
        )
    return vectors


def _describe_row(table: pd.DataFrame, position: int) -> str:
    row = table.iloc[position]
    if "image_id" not in table:
        return f"row {table.index[position]!r}"
    image = f"image {str(row['image_id'])!r}"
    known = [f"{name} {row[name]}" for name in ("step", "split") if name in table]
    return f"{image} ({', '.join(known)})" if known else image


def class_labels(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the class name of each row as a NumPy array of str, shape (images,)."""
    return np.asarray(table["class_name"].astype(str), dtype=np.str_)


def select_embeddings(table: pd.DataFrame, step: int, split: str) -> pd.DataFrame:
    """Return the rows of one step and one split.

    Raises
    ------
    EmbeddingsError
        If there are none.
    """
    selected = table[(table["step"] == step) & (table["split"] == split)]
    if selected.empty:
        raise EmbeddingsError(
            f"no {split} embeddings of step {step}; there are those of steps "
            f"{embedded_steps(table, split)}: run the modelling pipeline to its end"
        )
    return selected


def embedded_steps(table: pd.DataFrame, split: str) -> list[int]:
    """Return the steps, in ascending order, that a split was embedded at (maybe none)."""
    return sorted(int(step) for step in table.loc[table["split"] == split, "step"].unique())


def validation_steps(table: pd.DataFrame) -> list[int]:
    """Return the steps, in ascending order, whose validation split was embedded.

    Raises
    ------
    EmbeddingsError
        If there are none.
    """
    steps = embedded_steps(table, "validation")
    if not steps:
        raise EmbeddingsError("the table has no validation embeddings: run the modelling pipeline")
    return steps


def best_step(step_metrics: pd.DataFrame) -> int:
    """Return the step of the best validation accuracy among those with a test accuracy.

    Each validation image is left out of its own centroid: see `leave_one_out`. The choice looks
    at the validation split only; the test split decides no more than which steps can be
    reported. Of equally good steps the first is taken.

    Parameters
    ----------
    step_metrics : DataFrame
        One row a step, with ``step``, ``validation_leave_one_out_accuracy`` and ``test_accuracy``
        (NaN where the test split was not embedded).

    Raises
    ------
    EmbeddingsError
        If no step has a test accuracy.
    """
    tested = step_metrics[step_metrics["test_accuracy"].notna()].sort_values("step")
    if tested.empty:
        raise EmbeddingsError("no step has test embeddings: run the modelling pipeline to its end")
    return int(tested["step"].to_numpy()[tested["validation_leave_one_out_accuracy"].argmax()])
