"""Nested parameters, changed by their dotted names."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def with_settings(values: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested parameters with others set, by their dotted names."""
    changed = copy.deepcopy(values)
    for name, value in settings.items():
        *blocks, last = name.split(".")
        place = changed
        for block in blocks:
            if not isinstance(place.get(block), dict):
                place[block] = {}
            place = place[block]
        place[last] = value
    return changed
