"""Parameters of a configuration environment, as `kedro run --env` would see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from plankton_embedding.parameters import Parameters

PROJECT = Path(__file__).resolve().parents[1]


def load_parameters(env: str | None = None, **changes: Any) -> Parameters:
    """Read and validate the parameters.

    Parameters
    ----------
    env
        Its files go before those of ``conf/base``.
    changes
        Go before both, nested as in the files.
    """
    values: dict[str, Any] = {}
    for name in ("base", env):
        for path in sorted((PROJECT / "conf" / name / "parameters").glob("*.yml")) if name else []:
            _merge(values, yaml.safe_load(path.read_text()))
    _merge(values, {"images": "-"} | changes)
    return Parameters.model_validate(values)


def _merge(values: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(values.get(name), dict):
            _merge(values[name], value)
        else:
            values[name] = value
