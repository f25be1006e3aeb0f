"""What the nodes of the report have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node

OPTIONS, GALLERY, SEED = "params:reporting", "params:gallery", "params:seed"


def make_node(
    function: Callable[..., Any], inputs: list[str] | dict[str, str], outputs: str | list[str]
) -> Node:
    """Make a node that is called what its function is called."""
    return Node(function, inputs=inputs, outputs=outputs, name=function.__name__)
