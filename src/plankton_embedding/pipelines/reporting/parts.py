"""What the chapters of the report have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

OPTIONS, GALLERY, SEED = "params:reporting", "params:gallery", "params:seed"
MEASURE, FIGURE, PAGE = "measure", "figure", "page"
_TAGS = {"draw": FIGURE, "animate": FIGURE, "follow": FIGURE, "render": PAGE}


def make_node(
    function: Callable[..., Any],
    inputs: list[str] | dict[str, str],
    outputs: str | list[str],
    tags: tuple[str, ...] = (),
) -> Node:
    """Make a node that is called what its function is called.

    Its tag follows from the verb of its name. What lives in memory only has the tags of all that
    need it, so that ``kedro run --tags`` runs them alone.
    """
    name = function.__name__
    tag = _TAGS.get(name.partition("_")[0], MEASURE)
    return Node(function, inputs=inputs, outputs=outputs, name=name, tags=tags or tag)


def make_chapter(name: str, nodes: list[Node]) -> Pipeline:
    """Make a namespace of nodes: Kedro-Viz shows it as one box, which opens.

    Nodes are called ``name.node``; datasets keep their names, by which other chapters know them.
    """
    return Pipeline(nodes, namespace=name, prefix_datasets_with_namespace=False)
