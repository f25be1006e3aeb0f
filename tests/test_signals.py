"""A run that was told to end is tracked as killed, also where the signal became an error."""

import os
import signal

import pytest
from kedro.io import DataCatalog
from mlflow import MlflowClient

from plankton_embedding.hooks import TrackingHooks
from plankton_embedding.hooks.run_record import RunRecord
from plankton_embedding.interruption import Interruption
from plankton_embedding.tracking.run import TrackedRun

SIGNALS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]


@pytest.fixture
def interruption():
    interruption = Interruption()
    interruption.watch()
    yield interruption
    interruption.release()


@pytest.mark.parametrize(("number", "error"), SIGNALS)
def test_a_signal_is_known(interruption, number, error):
    assert not interruption.received
    with pytest.raises(error):
        os.kill(os.getpid(), number)
    assert interruption.received


def test_signals_are_given_back():
    before = [signal.getsignal(number) for number, _ in SIGNALS]
    interruption = Interruption()
    interruption.watch()
    assert [signal.getsignal(number) for number, _ in SIGNALS] != before
    interruption.release()
    assert [signal.getsignal(number) for number, _ in SIGNALS] == before


def test_a_handler_of_somebody_else_is_left_alone(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interruption = Interruption()
        interruption.watch()
        interruption.release()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, "KILLED"), (None, "FAILED")])
def test_an_error_that_a_signal_became(tmp_path, interruption, number, status):
    uri = f"sqlite:///{tmp_path}/runs.db"
    hooks = TrackingHooks()
    run = TrackedRun(uri, "tests", "a run", {})
    hooks._record = RunRecord(run, DataCatalog(), {})
    hooks._interruption = interruption
    if number:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    hooks.on_pipeline_error(RuntimeError("connection closed by peer"))
    assert MlflowClient(uri).get_run(run.run_id).info.status == status
