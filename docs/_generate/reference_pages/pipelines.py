"""The page about pipelines and their nodes."""

from __future__ import annotations

import sys

from kedro.pipeline import Pipeline

from reference_pages.markdown import code, first_paragraph, sentence, table

_INTRODUCTION = """\
---
hide: [toc]
---

# Pipelines and nodes

`kedro run` runs {default}; `kedro run --pipelines NAME,…` those that are named. A node is called
after its function, those of the report after their chapter too: `kedro run --nodes NAME` and a
search in the code find the same thing.

This page is made from the registered pipelines and the docstrings of their functions.
"""


def pipelines_page(pipelines: dict[str, Pipeline]) -> str:
    """Return the page."""
    whole = {node.name for node in pipelines["__default__"].nodes}
    named = {name: one for name, one in pipelines.items() if name != "__default__"}
    default = [name for name, one in named.items() if {node.name for node in one.nodes} <= whole]
    parts = [_INTRODUCTION.format(default=_listed([code(name) for name in default]))]
    for name, pipeline in named.items():
        package = sys.modules[f"plankton_embedding.pipelines.{name}"]
        parts += [f"## `{name}`\n", sentence(first_paragraph(package)) + "\n"]
        rows = (
            [
                code(node.name),
                sentence(first_paragraph(node.func)),
                ", ".join(code(one) for one in node.inputs),
                ", ".join(code(one) for one in node.outputs),
            ]
            for node in pipeline.nodes
        )
        parts += [table(["node", "what it does", "reads", "writes"], rows) + "\n"]
    return "\n".join(parts)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]
