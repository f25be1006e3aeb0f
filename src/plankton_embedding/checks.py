"""Checks of a run's inputs before it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import ParameterError
from plankton_embedding.training.ranks import RanksError, ranks_from_outside

# Of datasets that are read under another name than they are written under.
_EARLIER = "earlier_"
# Made by no pipeline.
_STUDIES = "sweep_studies"


class MissingInputError(UserError):
    """A run begins with a dataset that no earlier run has made."""


class RunnerError(UserError):
    """A pipeline is run by a runner that cannot run it right."""


def check_runner(runner: str, pipeline: Pipeline) -> None:
    """Check that a runner can run a pipeline.

    Parameters
    ----------
    runner
        Of the run's parameters: the runner's text.

    Raises
    ------
    RunnerError
        If it is Kedro's ParallelRunner, or ThreadRunner with a training.
    """
    if "ParallelRunner" in runner:
        raise RunnerError(
            "ParallelRunner hands nodes to processes that know nothing of the tracked run, and "
            "cannot take images or networks along. Run without --runner: scanning uses all "
            "processors by itself (engine.workers), and `--pipelines reporting` can be run with "
            "`--runner ThreadRunner`."
        )
    if "ThreadRunner" in runner and any("training" in node.tags for node in pipeline.nodes):
        raise RunnerError(
            "ThreadRunner would train beside other nodes that draw from the same random numbers: "
            "the result could not be reproduced. Train without --runner; `--pipelines reporting` "
            "can be run with `--runner ThreadRunner`."
        )


def check_processes(pipeline: Pipeline) -> None:
    """Check that several processes do nothing together but train.

    Raises
    ------
    RanksError
        If torchrun or SLURM started this one beside others, and the run begins before training.
    """
    trains = any(node.name == "train_embedder" for node in pipeline.nodes)
    if ranks_from_outside() and not (trains and "image_store" in pipeline.inputs()):
        raise RanksError(
            "torchrun or srun started several processes, which can do nothing together but train: "
            "run the other pipelines alone, and these with `kedro run --pipelines modelling` or "
            "`modelling,reporting`."
        )


def check_inputs(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Check that what a run begins with is there.

    Raises
    ------
    MissingInputError
        Names the datasets that are missing, and the pipelines that make them; those that are
        never on the disk, and the nodes that make them.
    """
    names = [
        name
        for name in sorted(pipeline.inputs())
        if not name.startswith("params:") and name != "raw_images"
    ]
    check_exists(catalog, *(name for name in names if not _in_memory_only(catalog, name)))
    _check_not_in_memory({name for name in names if not catalog.exists(name)})


def _in_memory_only(catalog: CatalogProtocol, name: str) -> bool:
    dataset: Any = catalog.get(name) if name in catalog else None
    return dataset is None or dataset._EPHEMERAL


def _check_not_in_memory(missing: set[str]) -> None:
    if not missing:
        return
    from plankton_embedding.pipeline_registry import register_pipelines

    makers = {
        node.name
        for pipeline in register_pipelines().values()
        for node in pipeline.nodes
        if missing & set(node.outputs)
    }
    raise MissingInputError(
        f"{', '.join(sorted(missing))} is handed on in memory, and no file holds it. Run what "
        f"makes it too: {', '.join(sorted(makers))} (with --nodes), or begin there: "
        f"`--from-nodes {','.join(sorted(makers))}`."
    )


def check_exists(catalog: CatalogProtocol, *names: str) -> None:
    """Check that datasets are there.

    Raises
    ------
    MissingInputError
        Names those that are missing, and the pipelines that make them.
    """
    missing = [name for name in names if not catalog.exists(name)]
    if _STUDIES in missing:
        raise MissingInputError("no study was run yet. Run `kedro sweep` before.")
    if missing:
        # Kedro's own table holds the pipelines of this run only; all of them are slow to import.
        from plankton_embedding.pipeline_registry import register_pipelines

        pipelines = register_pipelines()
        default = set(pipelines.pop("__default__").nodes)
        wanted = {name.removeprefix(_EARLIER) for name in missing}
        made_by = [
            name
            for name, other in pipelines.items()
            # Others change what is there.
            if set(other.nodes) <= default and other.all_outputs() & wanted
        ]
        raise MissingInputError(
            f"there is no {', '.join(sorted(wanted))} yet. "
            f"Run `kedro run --pipelines {','.join(made_by)}` before."
        )


def check_reports_only(pipeline: Pipeline) -> None:
    """Check that a run which was given embeddings does nothing but report on them.

    Raises
    ------
    ParameterError
        If it would make embeddings, or does not report.
    """
    if "embeddings" not in pipeline.inputs():
        raise ParameterError(
            "the parameter embeddings names embeddings to report on, which "
            "`kedro run --pipelines reporting` does; other pipelines run without it."
        )


def check_raw_images(catalog: CatalogProtocol, images: str, project: Path) -> None:
    """Check that the parameter ``images`` is what is read.

    Raises
    ------
    ParameterError
        If it was set where the catalogue cannot see it.
    """
    dataset: Any = catalog.get("raw_images")
    wanted, read = (_absolute(place, project) for place in (images, dataset.filepath))
    if wanted != read:
        raise ParameterError(
            f"the parameter images is {images}, but {dataset.filepath} would be read. Set it in "
            "conf/local/globals.yml or with `--params images=FOLDER`, not in a parameters file."
        )


def _absolute(place: str, project: Path) -> str:
    return place if "://" in place else str((project / Path(place).expanduser()).resolve())
