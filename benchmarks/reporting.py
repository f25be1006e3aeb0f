"""Measure the report: time, memory and the size of what it writes.

Run by ``make bench-reporting``; prints a table in Markdown. The embeddings are drawn at random, so
the figures say nothing of accuracy.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

PROJECT = Path(__file__).resolve().parents[1]
FEATURES, STEPS = 64, 20
# Classes, validation images a class and test images a class.
CASES = {
    "27 classes, 5,400 vectors": (27, 100, 100),
    "100 classes, 54,000 vectors": (100, 270, 270),
}


def write_embeddings(folder: Path, classes: int, validation: int, test: int) -> None:
    """Write embeddings of classes that draw apart from step to step."""
    random = np.random.default_rng(0)
    names = [f"part{number % 7}__Family{number // 3:02d}" for number in range(classes)]
    places = random.normal(size=(classes, FEATURES))
    for step in range(1, STEPS + 1):
        splits = {"validation": validation} | ({"test": test} if step == STEPS else {})
        for split, images in splits.items():
            labels = np.repeat(np.arange(classes), images)
            noise = random.normal(size=(len(labels), FEATURES)) * (2.2 - step / STEPS)
            vectors = 1 / (1 + np.exp(-places[labels] * (0.3 + step / STEPS) - noise))
            columns = [f"e{feature:02d}" for feature in range(FEATURES)]
            table = pd.DataFrame(vectors.astype(np.float32), columns=columns)
            table.insert(0, "class_name", np.array(names)[labels])
            table.to_parquet(folder / f"{split}_step_{step:02d}.parquet")


def make_project(folder: Path) -> Path:
    """Copy the configuration, so that nothing is written beside the user's own runs."""
    shutil.copytree(PROJECT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, folder)
    (folder / "src").mkdir()
    (folder / "conf" / "local").mkdir()
    return folder


def run_reporting(project: Path, embeddings: Path) -> tuple[float, float]:
    """Report on a folder of embeddings; return the seconds and the most MiB in use at once."""
    command = ["kedro", "run", "--pipelines", "reporting", "--params", f"embeddings={embeddings}"]
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{project}/bench.db"}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=project, env=environment)
    peaks: list[float] = []
    watch = threading.Thread(target=watch_memory, args=(process.pid, peaks))
    watch.start()
    code = process.wait()
    seconds = time.perf_counter() - start
    watch.join()
    if code:
        raise SystemExit(f"reporting ended with {code}")
    return seconds, max(peaks)


def watch_memory(pid: int, peaks: list[float]) -> None:
    """Note the memory of a process and its children, in MiB, until it ends."""
    while True:
        try:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
            peaks.append(sum(member.memory_info().rss for member in family) / 2**20)
            if parent.status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.2)


def sizes(project: Path) -> str:
    """Return the sizes of the pages."""
    pages = sorted((project / "data" / "08_reporting").glob("*.html/*/*.html"))
    return ", ".join(f"{page.name} {page.stat().st_size / 1e6:.1f} MB" for page in pages)


def main() -> None:
    """Report on each case and print what was seen."""
    print(f"{date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    rows = []
    for case, (classes, validation, test) in CASES.items():
        with tempfile.TemporaryDirectory() as place:
            embeddings = Path(place) / "embeddings"
            embeddings.mkdir()
            write_embeddings(embeddings, classes, validation, test)
            project = Path(place) / "project"
            project.mkdir()
            seconds, memory = run_reporting(make_project(project), embeddings)
            measured = f"{seconds:.0f} s | {memory:,.0f} MiB | {sizes(project)}"
            rows.append(f"| {case}, {STEPS} steps | {measured} |")
    print("\n| embeddings | time | memory | pages |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
