"""The registered pipelines."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.pipelines import (
    data_engineering,
    enrol,
    gallery,
    inference,
    modelling,
    reporting,
    sweep,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Register the pipelines by name; the default is the sum of those that train and report."""
    prepare, train, know, report = (
        module.create_pipeline() for module in (data_engineering, modelling, gallery, reporting)
    )
    return {
        "__default__": prepare + train + know + report,
        "data_engineering": prepare,
        "modelling": train,
        "gallery": know,
        "reporting": report,
        # They use what the others have made, on images of their own.
        "enrol": enrol.create_pipeline(),
        "inference": inference.create_pipeline(),
        # It compares what `kedro sweep` has trained.
        "sweep": sweep.create_pipeline(),
    }
