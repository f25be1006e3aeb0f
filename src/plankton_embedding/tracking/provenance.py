"""Which versions of which datasets a run reads and makes, and what they contain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plankton_embedding.tracking.calls import LogDataset

# Beside a version's file or folder.
RUN_FILE = "mlflow_run.json"
_BLOCK = 1 << 20


class Provenance:
    """Collects the versions of all datasets that a run reads and makes."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, Path]] = {"read": {}, "made": {}}

    def note(self, name: str, dataset: Any, context: str) -> bool:
        """Note that a dataset is read or made; datasets without versions are left out.

        Returns
        -------
        bool
            Whether it was not known yet.
        """
        if getattr(dataset, "_version", None) is None or name in self._places["made"]:
            return False
        places = self._places[context]
        is_new = name not in places
        places[name] = Path(dataset._get_load_path())
        return is_new

    def was_made(self, name: str) -> bool:
        """Whether the run itself made it."""
        return name in self._places["made"]

    def made(self) -> list[str]:
        """Return the names of what was made."""
        return list(self._places["made"])

    def version(self, name: str) -> str | None:
        """Return the version of a dataset that was read or made."""
        path = self._places["made"].get(name) or self._places["read"].get(name)
        return path.parent.name if path else None

    def to_json(self) -> str:
        """Write all versions down, with their places."""
        values = {
            context: {
                name: {"version": path.parent.name, "path": str(path)}
                for name, path in sorted(places.items())
            }
            for context, places in self._places.items()
        }
        return json.dumps(values, indent=2)


def run_file(dataset: Any) -> Path:
    """Return the file that says which run made a version of a dataset.

    It lies beside what the version holds: readers refuse folders that hold anything else.
    """
    return Path(dataset._get_load_path()).parent / RUN_FILE


def read_run_id(file: Path) -> str | None:
    """Return the id of the run that made a version, or None if nobody has written it down."""
    try:
        run_id = json.loads(file.read_text(encoding="utf-8"))["mlflow_run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(run_id)


def describe_dataset(name: str, dataset: Any, data: Any, context: str) -> LogDataset:
    """Describe a versioned dataset for MLflow.

    Parameters
    ----------
    name, dataset
        As in the catalogue.
    data
        What it holds, loaded.
    context
        ``read`` or ``made``.
    """
    # Commands that run nothing do not need it.
    import pandas as pd

    path = Path(dataset._get_load_path())
    own: Callable[[Any], str] | None = _OWN_FINGERPRINTS.get(name)
    profile: dict[str, Any] = {"version": path.parent.name}
    columns = {}
    if isinstance(data, pd.DataFrame):
        profile["num_rows"] = len(data)
        columns = {str(column): str(kind) for column, kind in data.dtypes.items()}
    return LogDataset(
        name=name,
        fingerprint=own(data) if own else hash_files(path),
        source=path.as_posix(),
        context=context,
        profile=profile,
        columns=columns,
    )


def hash_files(path: Path) -> str:
    """Hash the content of a file, or the names and contents of all files of a folder."""
    digest = hashlib.sha256()
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    for file in files:
        if file != path:
            digest.update(f"\n{file.relative_to(path).as_posix()}\n".encode())
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _fingerprint_gallery(gallery: Any) -> str:
    from plankton_embedding.analysis.decision_rule import fingerprint_gallery

    return fingerprint_gallery(gallery)


# The fingerprints that the datasets' own users compare.
_OWN_FINGERPRINTS: dict[str, Callable[[Any], str]] = {
    "image_store": lambda store: store.card.fingerprint,
    "embedder": lambda embedder: embedder.fingerprint(),
    "class_gallery": _fingerprint_gallery,
}
