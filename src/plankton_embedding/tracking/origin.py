"""Where a run comes from: user, command, code, and the environment that it ran in."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

LONGEST_TAG = 5000
# A patch above is no small change: a notebook with its outputs, say.
_LONGEST_PATCH = 1_000_000
# Of all that is installed, what results may hang on.
_PACKAGES = (
    *("plankton_embedding", "kedro", "kedro-datasets", "lightning", "mlflow", "numpy", "pandas"),
    *("pillow", "pyarrow", "pytorch-metric-learning", "scikit-learn", "scipy", "torch"),
    *("torchvision", "umap-learn"),
)


def origin_tags(project: Path) -> dict[str, str]:
    """Return who began a run, where, with which command, git commit, and if the tree was dirty.

    The tags of git are left out where the project is not in a git repository.
    """
    tags = {
        "mlflow.user": _user(),
        "mlflow.source.name": Path(sys.argv[0]).name,
        "mlflow.source.type": "LOCAL",
        # Of `python -m kedro`, Kedro makes one word.
        "command": f"{Path(sys.argv[0]).name} {shlex.join(sys.argv[1:])}"[:LONGEST_TAG],
        "host": platform.node(),
    }
    commit = _git(project, "rev-parse", "HEAD")
    if commit is None:
        return tags
    changes = _git(project, "status", "--porcelain")
    return tags | {"mlflow.source.git.commit": commit, "git.dirty": str(bool(changes)).lower()}


def write_origin(project: Path, folder: Path) -> None:
    """Write the files that say more than tags can.

    Parameters
    ----------
    project
        Folder of the project.
    folder
        Gets ``environment.json``; ``requirements.txt``, all that is installed; and, where the
        tree is dirty and its changes are no more than a megabyte, ``uncommitted.patch``.
    """
    installed = {
        name: distribution.version
        for distribution in distributions()
        # Broken installations have none.
        if (name := distribution.metadata["Name"])
    }
    lines = sorted((f"{name}=={version}" for name, version in installed.items()), key=str.lower)
    _write(folder / "requirements.txt", "\n".join(lines))
    _write(folder / "environment.json", json.dumps(_environment(installed), indent=2))
    patch = _git(project, "diff", "HEAD", "--", ".")
    if patch and len(patch) <= _LONGEST_PATCH:
        _write(folder / "uncommitted.patch", patch)


def _environment(installed: dict[str, str]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "processors": os.cpu_count(),
        "gpus": _gpus(),
        "packages": {name: installed[name] for name in _PACKAGES if name in installed},
        "command": sys.argv,
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(("CUDA_", "OMP_", "MKL_", "SLURM_JOB_ID", "SLURM_STEP_"))
        },
    }


def _gpus() -> list[str]:
    # Without torch, which takes seconds to import and which reporting does without.
    import pynvml

    try:
        pynvml.nvmlInit()
        handles = map(pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount()))
        return [f"{pynvml.nvmlDeviceGetName(handle)}, {_memory(handle)}" for handle in handles]
    except pynvml.NVMLError:
        return []


def _memory(handle: Any) -> str:
    import pynvml

    return f"{pynvml.nvmlDeviceGetMemoryInfo(handle).total / 2**30:.0f} GiB"


def _git(project: Path, *arguments: str) -> str | None:
    return _output(["git", *arguments], project)


def _output(command: list[str], folder: Path | None = None) -> str | None:
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return result.stdout.strip()


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
