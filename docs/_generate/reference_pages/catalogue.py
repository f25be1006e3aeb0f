"""The page about the data catalogue: what every dataset is, and which node writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from kedro.pipeline import Pipeline

from reference_pages.commented_yaml import header, read_commented_keys
from reference_pages.markdown import anchor, code, first_paragraph, sentence, table

_INTRODUCTION = """\
---
hide: [toc]
---

# Data catalogue

Every dataset that the pipelines read or write, by the pipeline that writes it. The name is the one
for `catalog.load("NAME")` in a notebook, for `--load-versions NAME:VERSION` and in Kedro-Viz.
A versioned file lies in a folder of its own name with a folder for each version in it:
`data/03_primary/splits.parquet/VERSION/splits.parquet`; `kedro run` reads the latest. A dataset
without a file is handed on in memory.

This page is made from `conf/base/catalog` and from the docstrings of the nodes.
"""


def describe_datasets(conf: Path, pipelines: dict[str, Pipeline]) -> dict[str, str]:
    """Say of each dataset what it is: its comment, or what the node does that writes it."""
    made = {
        output: first_paragraph(node.func)
        for pipeline in pipelines.values()
        for node in pipeline.nodes
        for output in node.outputs
    }
    described = {}
    for path in _files(conf):
        comments = {key.name: key.comment for key in read_commented_keys(path)}
        for name in _entries(path):
            described[name] = sentence(comments.get(name) or made.get(name, ""))
    return described


def catalogue_page(conf: Path, pipelines: dict[str, Pipeline]) -> str:
    """Return the page."""
    described = describe_datasets(conf, pipelines)
    parts = [_INTRODUCTION]
    for path in _files(conf):
        nodes = pipelines[path.stem].nodes
        rows = [
            [
                anchor(name) + code(name),
                str(entry["metadata"]["kedro-viz"]["layer"]).replace("_", " "),
                _place(str(entry.get("filepath", ""))),
                described[name],
                ", ".join(code(node.name) for node in nodes if name in node.outputs),
            ]
            for name, entry in _entries(path).items()
        ]
        parts += [f"## `{path.stem}`\n", header(path) + "\n"]
        parts += [table(["dataset", "layer", "file", "what it is", "written by"], rows) + "\n"]
    return "\n".join(parts)


def _place(filepath: str) -> str:
    return "the parameter `images`" if filepath.startswith("${") else code(filepath)


def _files(conf: Path) -> list[Path]:
    return sorted((conf / "base" / "catalog").glob("*.yml"))


def _entries(path: Path) -> dict[str, Any]:
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: entry for name, entry in entries.items() if not name.startswith("_")}
