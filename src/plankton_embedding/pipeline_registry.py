"""The registered pipelines."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.pipelines import data_engineering, modelling, reporting


def register_pipelines() -> dict[str, Pipeline]:
    """Register the pipelines by name; the default is their sum."""
    prepare, train, report = (
        module.create_pipeline() for module in (data_engineering, modelling, reporting)
    )
    return {
        "__default__": prepare + train + report,
        "data_engineering": prepare,
        "modelling": train,
        "reporting": report,
    }
