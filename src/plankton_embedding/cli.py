"""The project's own `kedro run`: a mistake that a user can mend is shown without a traceback."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project

from plankton_embedding.errors import find_user_error
from plankton_embedding.training.ranks import ranks_from_outside


@click.group(name="plankton_embedding")
def cli() -> None:
    """Commands of the project."""


def _run(*args: Any, **kwargs: Any) -> Any:
    ranks = ranks_from_outside()
    try:
        if ranks and ranks.rank > 0:
            return take_part(kwargs)
        return kedro_run.callback(*args, **kwargs)  # type: ignore[misc]
    except Exception as error:
        mistake = find_user_error(error)
        if mistake is None:
            raise
        raise click.ClickException(str(mistake)) from error


def take_part(options: dict[str, Any]) -> None:
    """Train beside the process of rank 0, which alone runs pipelines, saves and tracks.

    Parameters
    ----------
    options
        Of the command ``kedro run``.
    """
    with KedroSession.create(
        project_path=find_kedro_project(Path.cwd()),
        env=options["env"],
        conf_source=options["conf_source"],
        runtime_params=options["params"],
    ) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        catalog = context._get_catalog(load_versions=options["load_versions"])
        (node,) = pipelines["modelling"].only_nodes("train_embedder").nodes
        for _ in node.func(*(catalog.load(name) for name in node.inputs)):
            pass


run = copy.copy(kedro_run)
run.callback = _run
cli.add_command(run)
