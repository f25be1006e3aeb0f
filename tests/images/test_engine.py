"""The engine: the same results in the same order, wherever the work is done."""

import time

import pytest
from distributed import Client, LocalCluster

from plankton_embedding.images.engine import EngineError, map_ahead, map_blocks
from plankton_embedding.parameters import EngineOptions


def engine(backend: str, address: str | None = None) -> EngineOptions:
    return EngineOptions.model_validate({"backend": backend, "workers": 2, "address": address})


@pytest.fixture(scope="module")
def cluster():
    """Start two worker processes on this machine, which load tests as this process does."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="ERROR"
    ) as cluster:
        yield cluster


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_results_come_in_the_order_of_the_tasks(backend):
    assert list(map_blocks(abs, range(-20, 0), engine(backend), "test")) == list(range(20, 0, -1))


def test_a_dask_cluster_by_its_address(cluster):
    results = map_blocks(abs, range(-20, 0), engine("dask", cluster.scheduler_address), "test")
    assert list(results) == list(range(20, 0, -1))


def test_the_dask_client_that_is_open(cluster):
    with Client(cluster) as client:
        assert list(map_blocks(abs, [-1, -2], engine("dask"), "test")) == [1, 2]
        assert client.scheduler.address == cluster.scheduler_address


def test_no_scheduler_at_the_address():
    with pytest.raises(EngineError, match=r"no dask scheduler answers .*127\.0\.0\.1:9"):
        list(map_blocks(abs, [1], engine("dask", "tcp://127.0.0.1:9"), "test"))


def test_a_backend_that_is_not_installed():
    with pytest.raises(EngineError, match=r"pip install 'plankton_embedding\[ray\]'"):
        list(map_blocks(abs, [1], engine("ray"), "test"))


def test_an_address_of_this_machine_is_refused():
    with pytest.raises(ValueError, match="address must be null"):
        engine("loky", "tcp://127.0.0.1:8786")


def test_an_error_of_a_worker_comes_through():
    with pytest.raises(TypeError, match="bad operand type"):
        list(map_blocks(abs, ["text"], engine("loky"), "test"))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_results_ahead_come_in_the_order_of_the_tasks(backend):
    with map_ahead(abs, iter(range(-100, 0)), engine(backend)) as results:
        assert list(results) == list(range(100, 0, -1))


def test_results_ahead_from_a_dask_cluster(cluster):
    with map_ahead(abs, range(-20, 0), engine("dask", cluster.scheduler_address)) as results:
        assert list(results) == list(range(20, 0, -1))


def test_no_more_is_done_ahead_than_is_taken():
    begun = []
    with map_ahead(
        abs, (begun.append(n) or n for n in range(10_000)), engine("threading")
    ) as taken:
        for number, _ in zip(range(40), taken, strict=False):
            time.sleep(0.005)
            # 2 workers: windows of 8, a queue of 2, and those in between.
            assert len(begun) <= number + 1 + 8 + 8 + 2 + 2
    left = len(begun)
    time.sleep(0.1)
    assert len(begun) == left < 100


def test_an_error_of_a_task_and_of_the_tasks_is_raised():
    with (
        map_ahead(int, ["1", "x", "2"], engine("threading")) as results,
        pytest.raises(ValueError, match="'x'"),
    ):
        list(results)

    def broken(error):
        yield "1"
        raise error("no more")

    # Whoever waits for results is told of everything that ends the tasks.
    for error in (OSError, KeyboardInterrupt):
        with (
            map_ahead(int, broken(error), engine("threading")) as results,
            pytest.raises(error, match="no more"),
        ):
            list(results)


def test_whoever_stops_early_waits_for_no_more():
    def stop(results):
        next(results)
        raise KeyboardInterrupt

    with (
        map_ahead(abs, range(1000), engine("threading")) as results,
        pytest.raises(KeyboardInterrupt),
    ):
        stop(results)
