"""The engine: a map over blocks of images, on the cores of this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import EngineOptions

Task = TypeVar("Task")
Result = TypeVar("Result")


class EngineError(UserError):
    """The engine that the parameters name cannot be used here."""


def map_blocks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    engine: EngineOptions,
    description: str,
) -> Iterator[Result]:
    """Apply a function to tasks in parallel; results come in the order of the tasks.

    Parameters
    ----------
    function
        Importable by its name (or a partial of such a one), for it runs in other processes.
    tasks
        Of about a second each: fewer, and the progress bar stands still; more, and the way to
        the workers costs more than the work.
    engine
        Where: loky (processes) or threading here, dask or ray on a cluster.
    description
        Of the progress bar.

    Raises
    ------
    EngineError
        If the engine's package is not installed or its cluster not to be reached.
    """
    with _workers(engine) as workers:
        results = workers(delayed(function)(task) for task in tasks)
        yield from tqdm(results, total=len(tasks), desc=description, unit=" blocks", disable=None)


@contextmanager
def _workers(engine: EngineOptions) -> Iterator[Parallel]:
    if engine.backend == "ray":
        _import("ray.util.joblib", "ray").register_ray()
        _import("ray", "ray").init(address=engine.address, ignore_reinit_error=True)
    opened = _dask_client(engine.address) if engine.backend == "dask" else nullcontext()
    with opened as client:
        options = {"client": client} if client else {}
        # By the context, which alone knows the backends of other packages.
        with parallel_config(engine.backend, n_jobs=engine.workers, **options):
            workers = Parallel(return_as="generator")
        yield workers


def _dask_client(address: str | None) -> AbstractContextManager[Any]:
    distributed = _import("distributed", "dask")
    if address is None and _has_client(distributed):
        # Somebody's own, in a notebook say: it stays open.
        return nullcontext(distributed.get_client())
    try:
        client: AbstractContextManager[Any] = distributed.Client(address, timeout="10s")
    except OSError as error:
        raise EngineError(
            f"no dask scheduler answers at engine.address {address}: start one with "
            "`dask scheduler`, or set engine.backend to loky."
        ) from error
    return client


def _has_client(distributed: Any) -> bool:
    try:
        distributed.get_client()
    except ValueError:
        return False
    return True


def _import(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise EngineError(
            f"engine.backend {extra} needs its package: "
            f"`pip install 'plankton_embedding[{extra}]'`, or set engine.backend to loky."
        ) from error
