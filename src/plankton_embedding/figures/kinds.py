"""What figures are, for type hints.

Kedro resolves the hints of all nodes whenever it starts, and need load neither Matplotlib nor
Plotly for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from plotly.graph_objects import Figure as InteractiveFigure
else:
    Axes = Figure = InteractiveFigure = Any

# As it was drawn or, from the catalogue, as the SVG that it was saved as.
Drawn = Figure | str

__all__ = ["Axes", "Drawn", "Figure", "InteractiveFigure"]
