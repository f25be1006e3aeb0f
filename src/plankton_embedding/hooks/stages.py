"""The stage of each node: the registered pipeline that it is from."""

from __future__ import annotations

from collections.abc import Sequence

from kedro.framework.project import pipelines
from kedro.pipeline import Pipeline

_DEFAULT = ("data_engineering", "modelling", "gallery", "reporting")


def stages_of(pipeline: Pipeline, names: Sequence[str]) -> dict[str, str]:
    """Return the stage of each node of a run, in the order of the stages.

    Parameters
    ----------
    pipeline
        What runs.
    names
        Of the registered pipelines that it was asked for by; none: the default one.
    """
    running = {node.name for node in pipeline.nodes}
    stages: dict[str, str] = {}
    for stage in names or _DEFAULT:
        for node in pipelines[stage].nodes if stage in pipelines else ():
            if node.name in running:
                stages.setdefault(node.name, stage)
    return stages
