"""The project's commands: a mistake that a user can mend is shown without a traceback."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import _split_load_versions, _split_params
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project

from plankton_embedding.checks import check_exists
from plankton_embedding.errors import find_user_error
from plankton_embedding.training.ranks import RanksError, ranks_from_outside

if TYPE_CHECKING:
    from plankton_embedding.training.export import ExportFormat

_environment = click.option("--env", "-e", help="Kedro environment, as of `kedro run`.")
_load_versions = click.option(
    "--load-versions",
    default="",
    callback=_split_load_versions,
    help="NAME:VERSION,… of datasets; the latest otherwise.",
)


@click.group(name="plankton_embedding")
def cli() -> None:
    """Commands of the project."""


@contextlib.contextmanager
def _mistakes_without_traceback() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        mistake = find_user_error(error)
        if mistake is None:
            raise
        raise click.ClickException(str(mistake)) from error


def _run(*args: Any, **kwargs: Any) -> Any:
    ranks = ranks_from_outside()
    with _mistakes_without_traceback():
        if ranks and ranks.rank > 0:
            return take_part(kwargs)
        try:
            return kedro_run.callback(*args, **kwargs)  # type: ignore[misc]
        except (KeyboardInterrupt, SystemExit):
            # Of Ctrl-C, Lightning makes an exit that says nothing.
            click.echo("Stopped: the same command goes on from what is saved", err=True)
            raise


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


@cli.command("register-model")
@_environment
@_load_versions
@click.option("--name", help="Of the registered model; that of conf/*/mlflow.yml otherwise.")
def register_model(env: str | None, load_versions: dict[str, str], name: str | None) -> None:
    """Log embedder, gallery and decision rule to MLflow as a registered model."""
    from plankton_embedding.parameters import validate_parameters
    from plankton_embedding.registration import register_latest
    from plankton_embedding.tracking.begin import begin_run
    from plankton_embedding.tracking.options import read_options

    with _mistakes_without_traceback(), _project(env, load_versions) as (context, catalog):
        options = read_options(context.config_loader["mlflow"])
        parameters = validate_parameters(context.config_loader["parameters"])
        name = name or options.registered_model
        if name is None:
            raise click.UsageError("registered_model of mlflow.yml is null: give --name.")
        tags = {"kedro.env": env or "local"}
        run = begin_run(options, Path(context.project_path), "register-model", tags)
        status = "FAILED"
        try:
            version = register_latest(catalog, parameters, run, name)
            status = "FINISHED"
        finally:
            run.finish(status)
    click.echo(f"Registered models:/{name}/{version}")


@cli.command("mlflow-sync")
@_environment
def mlflow_sync(env: str | None) -> None:
    """Send what runs logged while their MLflow server did not answer, and remove it here."""
    from plankton_embedding.tracking.begin import UNTRACKED
    from plankton_embedding.tracking.options import read_options, tracking_uri
    from plankton_embedding.tracking.sync import sync_journals

    with _mistakes_without_traceback(), _project(env, {}) as (context, _):
        project = Path(context.project_path)
        uri = tracking_uri(read_options(context.config_loader["mlflow"]), project)
        sent = sync_journals(project / UNTRACKED, uri)
    click.echo(f"Sent {sent} runs" if sent else "There is nothing to send")


@cli.command("export-embedder")
@_environment
@_load_versions
@click.option(
    "--format",
    "export_format",
    type=click.Choice(["onnx", "torch"]),
    required=True,
    help="onnx, or torch: torch.export.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="A file that ends in .onnx or .pt2; the card is written beside it as .json.",
)
def export_embedder(
    env: str | None, load_versions: dict[str, str], export_format: ExportFormat, output: Path
) -> None:
    """Write the embedder's network for programs that have no need of this package."""
    from plankton_embedding.training import export

    with _mistakes_without_traceback(), _project(env, load_versions) as (_, catalog):
        check_exists(catalog, "embedder")
        difference = export.export_embedder(catalog.load("embedder"), output, export_format)
    click.echo(f"Wrote {output}, at most {difference:.1g} off, and {output.with_suffix('.json')}")


@cli.command("sweep")
@_environment
@click.option("--params", default="", callback=_split_params, help="As of `kedro run`.")
@click.option("--trials", type=click.IntRange(min=1), help="In all; sweep.trials otherwise.")
def sweep(env: str | None, params: dict[str, Any], trials: int | None) -> None:
    """Train with parameters that differ, and compare: the study `sweep` of the parameters."""
    from plankton_embedding.sweep.command import run_study

    if trials:
        params = {**params, "sweep": {**params.get("sweep", {}), "trials": trials}}
    with _mistakes_without_traceback():
        if ranks_from_outside():
            raise RanksError("torchrun or srun started several processes: a sweep runs in one.")
        outcome = run_study(find_kedro_project(Path.cwd()), env, params)
    click.echo(outcome.words)
    for figure in outcome.figures:
        click.echo(f"Comparison  {figure}")
    if outcome.command:
        click.echo(f"The best one, trained for good:\n  {outcome.command}")


@contextlib.contextmanager
def _project(env: str | None, load_versions: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    project = find_kedro_project(Path.cwd())
    with KedroSession.create(project_path=project, env=env) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        yield context, context._get_catalog(load_versions=load_versions)


run = copy.copy(kedro_run)
run.callback = _run
cli.add_command(run)
