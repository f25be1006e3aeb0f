"""Measure how long commands take to start, and runs to reach their first node.

Run by ``make bench-start`` after ``make run``; prints a table in Markdown. CPU time is what the
code costs; the wall clock depends on what else the machine does. Files are warm: each command runs
once before it is measured.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[1]
RUNS = 5
COMMANDS = (
    "kedro --help",
    "kedro run --help",
    "kedro registry list",
    "kedro catalog describe-datasets",
)
FIRST_NODES = (
    "kedro run --env sample --pipelines data_engineering",
    "kedro run --env sample --pipelines modelling",
    "kedro run --env sample --pipelines reporting",
    "kedro run --env sample",
    "kedro run --env sample --params embedder.weights=imagenet",
)
_FIRST_NODE = "Running node:"


def time_command(command: str, environment: dict[str, str]) -> tuple[float, float]:
    """Run a command to its end; return its CPU and wall seconds."""
    begun, before = time.perf_counter(), os.times()
    with _start(command, environment) as process:
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{command}\n{output}")
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system
    return cpu - before.children_system, time.perf_counter() - begun


def time_to_first_node(command: str, environment: dict[str, str]) -> tuple[float, float]:
    """Run a command until it says that a node begins, then end it; return the same."""
    begun, lines = time.perf_counter(), []
    with _start(command, environment) as process:
        for line in process.stdout or ():
            lines.append(line)
            if _FIRST_NODE in line:
                wall, times = time.perf_counter() - begun, psutil.Process(process.pid).cpu_times()
                process.kill()
                return times.user + times.system, wall
    raise SystemExit(f"{command}\n{''.join(lines)}")


def _start(command: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _measure(
    measure: Callable[[str, dict[str, str]], tuple[float, float]],
    command: str,
    environment: dict[str, str],
) -> str:
    measure(command, environment)
    seen = [measure(command, environment) for _ in range(RUNS)]
    cpu, wall = (statistics.median(seconds) for seconds in zip(*seen, strict=True))
    return f"| `{command}` | {cpu:.2f} s | {wall:.2f} s |"


def _put_weights(torch_home: Path) -> None:
    """Put a file of the size and names of ImageNet's weights where torch would download them to."""
    import torch
    from torchvision.models import Inception_V3_Weights, inception_v3

    path = torch_home / "hub" / "checkpoints" / Path(Inception_V3_Weights.IMAGENET1K_V1.url).name
    path.parent.mkdir(parents=True)
    torch.save(inception_v3(weights=None, init_weights=False).state_dict(), path)


def main() -> None:
    """Measure all, tracked apart from the user's runs, and print what was seen."""
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{date.today()}, {machine}: medians of {RUNS} runs\n")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/bench.db",
            "TORCH_HOME": folder,
        }
        _put_weights(Path(folder))
        print("| command | CPU | wall clock |\n|---|---|---|")
        for command in COMMANDS:
            print(_measure(time_command, command, environment), flush=True)
        print("\n| to its first node | CPU | wall clock |\n|---|---|---|")
        for command in FIRST_NODES:
            print(_measure(time_to_first_node, command, environment), flush=True)


if __name__ == "__main__":
    main()
