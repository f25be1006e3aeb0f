"""What the chapters of the report have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

OPTIONS, GALLERY, SEED = "params:reporting", "params:gallery", "params:seed"


def make_node(
    function: Callable[..., Any], inputs: list[str] | dict[str, str], outputs: str | list[str]
) -> Node:
    """Make a node that is called what its function is called."""
    return Node(function, inputs=inputs, outputs=outputs, name=function.__name__)


def make_chapter(name: str, nodes: list[Node]) -> Pipeline:
    """Make a namespace of nodes: Kedro-Viz shows it as one box, which opens.

    Nodes are called ``name.node``; datasets keep their names, by which other chapters know them.
    """
    return Pipeline(nodes, namespace=name, prefix_datasets_with_namespace=False)
