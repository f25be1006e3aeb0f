"""The physical size of a pixel, where somebody knows it."""

from __future__ import annotations

import pandas as pd

# Columns of EcoTaxa whose names say the unit: of ZooProcess, of LOKI and CytoSense. Other programs
# write acq_pixel or process_pixel, some in mm, some in µm: the parameter is surer than a guess.
_MICROMETRES_IN = {
    "process_particle_pixel_size_mm": 1000,
    "acq_pixel_um_size": 1,
    "acq_pixel_um": 1,
}
PIXEL_SIZE = "pixel_size"


def add_pixel_size(files: pd.DataFrame, pixel_size: float | None) -> pd.DataFrame:
    """Add the column ``pixel_size``, µm a pixel.

    Parameters
    ----------
    files
        Of a source. A column of that name, or one of an instrument's, is used where it is a number.
    pixel_size
        Of the others, µm a pixel; None: it is missing there.
    """
    found = pd.Series(float("nan"), index=files.index)
    if PIXEL_SIZE in files:
        found = pd.to_numeric(files[PIXEL_SIZE], errors="coerce")
    for name, factor in _MICROMETRES_IN.items():
        if name in files:
            found = found.fillna(factor * pd.to_numeric(files[name], errors="coerce"))
    if pixel_size is not None:
        found = found.fillna(pixel_size)
    return files.assign(**{PIXEL_SIZE: found.astype("float64")})
