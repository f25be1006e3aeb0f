"""The project's own `kedro run`: a mistake that a user can mend is shown without a traceback."""

from __future__ import annotations

import copy
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from plankton_embedding.errors import find_user_error


@click.group(name="plankton_embedding")
def cli() -> None:
    """Commands of the project."""


def _run(*args: Any, **kwargs: Any) -> Any:
    try:
        return kedro_run.callback(*args, **kwargs)  # type: ignore[misc]
    except Exception as error:
        mistake = find_user_error(error)
        if mistake is None:
            raise
        raise click.ClickException(str(mistake)) from error


run = copy.copy(kedro_run)
run.callback = _run
cli.add_command(run)
