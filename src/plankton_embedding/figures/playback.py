"""Buttons and a slider that play the steps of a training in a Plotly figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plankton_embedding.figures.scene import GRID_GRAY, MID_GRAY

_MILLISECONDS_A_STEP = 600


def play_buttons() -> dict[str, Any]:
    """Return buttons that play all frames, from the one shown on, and pause."""
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "bgcolor": "rgba(0,0,0,0)",
        "bordercolor": GRID_GRAY,
        "x": 0.0,
        "y": 0,
        "xanchor": "left",
        "yanchor": "top",
        "pad": {"t": 8, "l": 10},
        "buttons": [
            {
                "label": "Play",
                "method": "animate",
                "args": [None, _animation(_MILLISECONDS_A_STEP)],
            },
            {"label": "Pause", "method": "animate", "args": [[None], _animation(0)]},
        ],
    }


def step_slider(steps: Sequence[int], steps_embedded: int) -> dict[str, Any]:
    """Return a slider over frames named by their steps; it stands at the last.

    Parameters
    ----------
    steps : sequence of int
        Those shown.
    steps_embedded : int
        Where there are more than are shown, the slider says so.
    """
    left_out = len(steps) < steps_embedded
    note = f" ({len(steps)} of {steps_embedded} steps are shown)" if left_out else ""
    return {
        "active": len(steps) - 1,
        "currentvalue": {"prefix": "step ", "suffix": note, "xanchor": "right"},
        "x": 0,
        "len": 1,
        "y": 0,
        "xanchor": "left",
        "yanchor": "top",
        "pad": {"t": 18, "l": 20, "r": 20, "b": 8},
        "bgcolor": GRID_GRAY,
        "bordercolor": GRID_GRAY,
        "activebgcolor": MID_GRAY,
        "tickcolor": GRID_GRAY,
        "steps": [
            {"label": str(step), "method": "animate", "args": [[str(step)], _animation(0)]}
            for step in steps
        ],
    }


def _animation(milliseconds: int) -> dict[str, Any]:
    # Three-dimensional views must be redrawn at each frame, and have no transitions.
    return {
        "mode": "immediate",
        "fromcurrent": True,
        "frame": {"duration": milliseconds, "redraw": True},
        "transition": {"duration": 0},
    }
