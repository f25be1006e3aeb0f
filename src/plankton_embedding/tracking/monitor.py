"""The load of the machine while a run goes on, as MLflow's own system metrics."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plankton_embedding.tracking.run import TrackedRun

logger = logging.getLogger(__name__)

# MLflow's UI shows metrics of this prefix on a page of their own.
_PREFIX = "system/"


class SystemMonitor:
    """Logs the load of processors, memory, disk, network and GPUs from a thread of its own.

    MLflow's own monitor logs by a client of its own, which waits for minutes for a server that
    does not answer, and loses what it cannot send; only what it measures is used.

    Parameters
    ----------
    run
        That it logs to.
    seconds
        Between two measurements.
    """

    def __init__(self, run: TrackedRun, seconds: float) -> None:
        self._run, self._seconds = run, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="system metrics")
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=60)

    def _watch(self) -> None:
        step = 0
        # The first share of the processors is of the time between two measurements.
        monitors: list[Any] = []
        while not self._ended.wait(self._seconds):
            try:
                monitors = monitors or _monitors()
                measured = _measure(monitors)
            # Of drivers and of the system: never a reason to end a run, nor to repeat it for hours.
            except Exception as error:
                logger.warning("System metrics are not logged any more: %s", error)
                return
            self._run.log_values(measured, step)
            step += 1


def _monitors() -> list[Any]:
    from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
    from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor
    from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor
    from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor

    monitors = [CPUMonitor(), DiskMonitor(), NetworkMonitor()]
    try:
        monitors.append(GPUMonitor())
    except (ImportError, RuntimeError):
        logger.debug("There is no NVIDIA GPU, or nvidia-ml-py is not installed")
    return monitors


def _measure(monitors: list[Any]) -> dict[str, float]:
    measured: dict[str, float] = {}
    for monitor in monitors:
        monitor.collect_metrics()
        measured |= {_PREFIX + name: value for name, value in monitor.aggregate_metrics().items()}
        monitor.clear_metrics()
    return measured
