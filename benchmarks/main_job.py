"""Measure the main job on the embedded sample: time, accuracy, and the time of reporting alone.

Run by ``make bench``; prints a table in Markdown.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def timed_run(*arguments: str) -> float:
    """Run ``kedro run --env sample``, tracked apart from the user's runs; return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/bench.db"}
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "kedro", "run", "--env", "sample", *arguments],
            cwd=PROJECT,
            env=environment,
            check=True,
        )
        return time.perf_counter() - start


def latest_metrics() -> dict[str, dict[str, dict[str, float]]]:
    """Return the metrics of the latest version."""
    path = sorted((PROJECT / "data" / "08_reporting" / "metrics.json").iterdir())[-1]
    metrics: dict[str, dict[str, dict[str, float]]] = json.loads(
        (path / "metrics.json").read_text()
    )
    return metrics


def main() -> None:
    """Run the main job, then reporting alone, and print what was seen."""
    whole = timed_run()
    metrics = latest_metrics()
    reporting = timed_run("--pipelines", "reporting")
    test = metrics["test"]["best"]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    rows = {
        "date, machine": f"{date.today()}, {machine}",
        "`kedro run --env sample`": f"{whole:.0f} s",
        "`kedro run --env sample --pipelines reporting`": f"{reporting:.0f} s",
        "test accuracy, validation centroids": f"{test['accuracy']:.3f} (n = {test['n']})",
        "the same on raw pixels": f"{metrics['raw_pixels']['accuracy']:.3f}",
    }
    print("\n| measured | |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows.items()))


if __name__ == "__main__":
    main()
