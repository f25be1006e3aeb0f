"""The engine: a map over blocks of images, on the cores of this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from importlib import import_module
from itertools import islice
from queue import Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from tqdm import tqdm

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import EngineOptions

if TYPE_CHECKING:
    from joblib import Parallel

Task = TypeVar("Task")
Result = TypeVar("Result")

# Of each worker, at once; one more result of each waits to be taken.
_TASKS_AHEAD = 4
_SECONDS_A_LOOK = 0.1


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
    from joblib import delayed

    with _workers(engine) as workers:
        results = workers(delayed(function)(task) for task in tasks)
        yield from tqdm(results, total=len(tasks), desc=description, unit=" blocks", disable=None)


@contextmanager
def map_ahead(
    function: Callable[[Task], Result], tasks: Iterable[Task], engine: EngineOptions
) -> Iterator[Iterator[Result]]:
    """Apply a function to tasks in parallel, some of them ahead of what is asked for.

    Unlike `map_blocks` it waits for whoever takes the results: so many tasks are under way that
    the workers do not idle, and no more, so that results may be large and tasks without end.

    Parameters
    ----------
    function, tasks, engine
        See `map_blocks`.

    Yields
    ------
    iterator
        Of the results, in the order of the tasks. When the context ends before that, the tasks
        that are under way are finished, and no other is begun.
    """
    from joblib import effective_n_jobs

    with _workers(engine) as workers:
        workers_here = effective_n_jobs(engine.workers)
        ahead = _TASKS_AHEAD * workers_here
        results: Queue[Callable[[], Result] | None] = Queue(workers_here)
        is_over = Event()
        producer = Thread(
            target=_produce,
            args=(function, iter(tasks), workers, ahead, results, is_over),
            name="map_ahead",
            daemon=True,
        )
        producer.start()
        try:
            yield _take(results)
        finally:
            is_over.set()
            producer.join()


def _produce(
    function: Callable[[Task], Result],
    tasks: Iterator[Task],
    workers: Parallel,
    ahead: int,
    results: Queue[Callable[[], Result] | None],
    is_over: Event,
) -> None:
    from joblib import delayed

    def put(value: Callable[[], Any] | None) -> None:
        while not is_over.is_set():
            with suppress(Full):
                return results.put(value, timeout=_SECONDS_A_LOOK)

    try:
        # joblib itself goes on with tasks whether or not their results are taken.
        while (window := list(islice(tasks, ahead))) and not is_over.is_set():
            for result in workers(delayed(function)(task) for task in window):
                put(partial(_itself, result))
    except BaseException as error:
        put(partial(_fail, error))
    put(None)


def _take(results: Queue[Callable[[], Result] | None]) -> Iterator[Result]:
    while (result := results.get()) is not None:
        yield result()


def _itself(value: Result) -> Result:
    return value


def _fail(error: BaseException) -> NoReturn:
    raise error


@contextmanager
def _workers(engine: EngineOptions) -> Iterator[Parallel]:
    from joblib import Parallel, parallel_config

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
