"""How the trials of a study look in its figures: marks, colours, legend and title."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import pandas as pd

from plankton_embedding.figures.kinds import Axes
from plankton_embedding.figures.style import MUTED

if TYPE_CHECKING:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

BEST_COLOUR, _COLOUR = "#d9822b", "#2f7fb9"
# Mark and words of each end of a trial.
ENDS = {
    "complete": ("o", "trained to its end"),
    "pruned": ("v", "pruned"),
    "failed": ("X", "failed"),
    "interrupted": ("s", "interrupted"),
    "running": (">", "still running"),
}


def draw_band(axes: Axes, best: pd.Series | None) -> None:
    """Draw the 95 % interval of the best trial."""
    if best is not None:
        axes.axhspan(best["low"], best["high"], color=BEST_COLOUR, alpha=0.11, linewidth=0)


def trials_title(trials: pd.DataFrame, best: pd.Series | None) -> str:
    """Say which trial is best, and how sure that is."""
    if best is None:
        return f"{len(trials)} trials, none trained to its end"
    return (
        f"Best: trial {best['trial']}, right on {100 * best['accuracy']:.1f} % "
        f"({100 * best['low']:.1f} to {100 * best['high']:.1f}) of "
        f"{best['validation_images']:.0f} validation images"
    )


def trials_legend(trials: pd.DataFrame, best: pd.Series | None) -> list[Line2D | Patch]:
    """Explain the marks that are met."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = []
    if best is not None:
        handles += [
            Line2D([], [], color=BEST_COLOUR, marker="o", label=f"best, trial {best['trial']}"),
            Patch(color=BEST_COLOUR, alpha=0.2, label="95 % interval of the best (Wilson)"),
        ]
    met = set(trials.loc[trials["accuracy"].notna(), "status"])
    for status, (mark, words) in ENDS.items():
        if status in met:
            colour = trial_colour(status, is_best=False)
            handles.append(Line2D([], [], color=colour, marker=mark, label=words, linewidth=1.3))
    return handles


def trial_colour(status: str, is_best: bool) -> str:
    """Return the colour of a trial by how it ended."""
    if is_best:
        return BEST_COLOUR
    return _COLOUR if status == "complete" else MUTED


def is_best_trial(row: dict[Hashable, Any], best: pd.Series | None) -> bool:
    """Whether a row of the trials is the best one."""
    return best is not None and row["trial"] == best["trial"]
