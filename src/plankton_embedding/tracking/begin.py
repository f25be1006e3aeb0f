"""Beginning a tracked run as a project's configuration says."""

from __future__ import annotations

from pathlib import Path

from plankton_embedding.tracking.options import TrackingOptions, experiment_name, tracking_uri
from plankton_embedding.tracking.origin import origin_tags
from plankton_embedding.tracking.run import TrackedRun

# Of a project: a folder a run that MLflow has not got whole.
UNTRACKED = Path("data", "untracked")


def begin_run(
    options: TrackingOptions,
    project: Path,
    name: str,
    tags: dict[str, str],
    untracked: str | None = None,
) -> TrackedRun:
    """Begin a run where the options, or MLflow's environment variables, say.

    Parameters
    ----------
    options
        Where runs are tracked.
    project
        Folder of the project.
    name, tags
        Of the run; where it comes from is added.
    untracked
        Name for what is to be kept while MLflow does not answer; None: that is an error.

    Raises
    ------
    TrackingError
        See `TrackedRun`.
    """
    return TrackedRun(
        tracking_uri(options, project),
        experiment_name(options),
        name,
        {**origin_tags(project), **tags},
        project / UNTRACKED / untracked if untracked else None,
    )
