"""The physical size of a pixel, where somebody knows it."""

from __future__ import annotations

import pandas as pd

# Of ZooProcess, through EcoTaxa; the name says the unit. Other instruments write a pixel size
# without one (acq_pixel, process_pixel): the parameter is surer than a guess.
_MILLIMETRES = ("process_particle_pixel_size_mm", "acq_pixel_size_mm")
PIXEL_SIZE = "pixel_size"


def add_pixel_size(files: pd.DataFrame, pixel_size: float | None) -> pd.DataFrame:
    """Add the column ``pixel_size``, µm a pixel.

    Parameters
    ----------
    files
        Of a source. A column of that name, or one of ZooProcess's, is used where it is a number.
    pixel_size
        Of the others, µm a pixel; None: it is missing there.
    """
    found = pd.Series(float("nan"), index=files.index)
    if PIXEL_SIZE in files:
        found = pd.to_numeric(files[PIXEL_SIZE], errors="coerce")
    for name in _MILLIMETRES:
        if name in files:
            found = found.fillna(1000 * pd.to_numeric(files[name], errors="coerce"))
    if pixel_size is not None:
        found = found.fillna(pixel_size)
    return files.assign(**{PIXEL_SIZE: found.astype("float64")})
