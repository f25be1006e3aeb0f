"""MLflow stores: an empty database is made once, since its migrations take seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plankton_embedding.tracking.run import TrackedRun
from plankton_embedding.tracking.server import Server, UnreachableError


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an empty store; do not write into it."""
    path = tmp_path_factory.mktemp("store") / "runs.db"
    Server(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(empty_store: Path, tmp_path: Path) -> str:
    """Return the address of a store of one's own."""
    path = shutil.copyfile(empty_store, tmp_path / "runs.db")
    return f"sqlite:///{path}"


@pytest.fixture
def tracked(uri: str) -> TrackedRun:
    """Return a run of that store."""
    return TrackedRun(uri, "tests", "a run", {"tag": "value"})


class Line:
    """The line to a store, which can be cut."""

    def __init__(self) -> None:
        self.calls_left = 10_000

    def cut(self) -> None:
        self.calls_left = 0

    def mend(self) -> None:
        self.calls_left = 10_000

    def use(self) -> None:
        if self.calls_left == 0:
            raise UnreachableError("connection refused")
        self.calls_left -= 1


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line to all stores of this test."""
    line = Line()
    for name in ("begin", "check", "send"):
        real = getattr(Server, name)

        def behind_the_line(*args, real=real):
            line.use()
            return real(*args)

        monkeypatch.setattr(Server, name, behind_the_line)
    return line
