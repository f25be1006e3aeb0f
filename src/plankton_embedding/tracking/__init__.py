"""Tracking the runs of the pipelines in MLflow, also while its server cannot be reached."""

from plankton_embedding.tracking.begin import begin_run
from plankton_embedding.tracking.options import (
    TrackingError,
    TrackingOptions,
    absolute_uri,
    experiment_name,
    read_options,
    tracking_uri,
)
from plankton_embedding.tracking.run import TrackedRun, flatten

__all__ = [
    "TrackedRun",
    "TrackingError",
    "TrackingOptions",
    "absolute_uri",
    "begin_run",
    "experiment_name",
    "flatten",
    "read_options",
    "tracking_uri",
]
