"""The most frequent of several choices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def most_frequent(choices: NDArray[np.intp], classes: int) -> NDArray[np.intp]:
    """Return the most frequent value of each row, of equals the smallest.

    Parameters
    ----------
    choices : ndarray of int, shape (rows, choices)
        Each is one of 0 to ``classes`` - 1.
    classes : int

    Returns
    -------
    ndarray of intp, shape (rows,)
    """
    rows = len(choices)
    ballots = choices + classes * np.arange(rows)[:, np.newaxis]
    votes = np.bincount(ballots.ravel(), minlength=rows * classes).reshape(rows, classes)
    winners: NDArray[np.intp] = votes.argmax(axis=1)
    return winners
