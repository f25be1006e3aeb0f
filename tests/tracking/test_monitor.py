"""The load of the machine, measured while a run goes on and not after it."""

import threading
import time

import psutil
import pytest

from plankton_embedding.tracking import monitor
from plankton_embedding.tracking.monitor import SystemMonitor


class Run:
    """Keeps what is logged to it."""

    def __init__(self):
        self.logged = []

    def log_values(self, values, step):
        self.logged.append((step, values))


def wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "system metrics"]


def test_the_load_is_logged_by_steps_until_the_run_ends():
    run = Run()
    watching = SystemMonitor(run, 0.02)
    wait_for(lambda: len(run.logged) >= 2)
    watching.stop()
    assert threads() == []
    logged = len(run.logged)
    time.sleep(0.1)
    assert len(run.logged) == logged
    assert [step for step, _ in run.logged] == list(range(logged))
    used = run.logged[-1][1]["system/system_memory_usage_megabytes"]
    assert used == pytest.approx(psutil.virtual_memory().used / 1e6, rel=0.5)
    assert "system/cpu_utilization_percentage" in run.logged[-1][1]


def test_a_short_run_is_not_held_up():
    run = Run()
    watching = SystemMonitor(run, 3600)
    began = time.monotonic()
    watching.stop()
    assert time.monotonic() - began < 5
    assert run.logged == []


def test_a_driver_that_fails_ends_the_monitor_alone(monkeypatch, caplog):
    def broken():
        raise RuntimeError("driver mismatch")

    monkeypatch.setattr(monitor, "_monitors", broken)
    watching = SystemMonitor(Run(), 0.01)
    wait_for(lambda: threads() == [])
    watching.stop()
    assert "System metrics are not logged any more: driver mismatch" in caplog.text
