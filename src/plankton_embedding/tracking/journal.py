"""What a run would have logged while its tracking server could not be reached, on disk.

A folder a run: ``run.json`` says what it began with, ``calls.jsonl`` holds a call a line, ``files``
what lay in temporary folders, ``sent`` how many of the calls were sent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from plankton_embedding.tracking.calls import Call, GoneError, LogArtifact
from plankton_embedding.tracking.server import RefusedError, RunStart, Server

logger = logging.getLogger(__name__)

_START, _CALLS, _FILES, _SENT, _LOCK = "run.json", "calls.jsonl", "files", "sent", "lock"


class Journal:
    """The calls of a run that are still to be sent.

    Parameters
    ----------
    folder
        Of this run alone; made with the first call, removed with the last.
    start
        What the run began with.
    """

    def __init__(self, folder: Path, start: RunStart) -> None:
        self.folder, self.start = folder, start
        self._lock: IO[str] | None = None

    @classmethod
    def open(cls, folder: Path) -> Journal:
        """Open what another process has left."""
        values = json.loads((folder / _START).read_text(encoding="utf-8"))
        return cls(folder, RunStart(**values))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be sent."""
        return not (self.folder / _START).exists()

    def append(self, call: Call) -> None:
        """Keep a call, and a copy of its file where that is a temporary one."""
        if self._lock is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.lock()
        if self.is_empty:
            self._write_start()
        if isinstance(call, LogArtifact) and call.is_temporary:
            call = self._keep_file(call)
        with (self.folder / _CALLS).open("ab") as file:
            file.write(call.to_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def calls(self) -> list[Call]:
        """Read all calls, also those that were sent already."""
        path = self.folder / _CALLS
        if not path.exists():
            return []
        return [Call.from_json(line) for line in path.read_bytes().split(b"\n") if line]

    def send(self, server: Server) -> int:
        """Send all calls, and remove what was sent.

        Returns
        -------
        int
            How many were sent.

        Raises
        ------
        UnreachableError
            If the store does not answer; what was not sent is kept.
        """
        if self.is_empty:
            return 0
        if self.start.run_id is None:
            self.start.run_id = server.begin(self.start)
            self._write_start()
        else:
            server.check(self.start.run_id)
        calls = self.calls()
        for number in range(self._count_sent(), len(calls)):
            call = calls[number]
            try:
                server.send(call, self.start.run_id)
            except (RefusedError, GoneError) as error:
                logger.warning("MLflow does not get %s: %s", _title(call), error)
            _write(self.folder / _SENT, str(number + 1))
        self._remove()
        return len(calls)

    def lock(self) -> bool:
        """Keep other processes out for as long as this one lives; False: another does so."""
        lock = (self.folder / _LOCK).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._lock = lock
        self._drop_broken_line()
        return True

    def unlock(self) -> None:
        """Let others send what is kept."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def _keep_file(self, call: LogArtifact) -> LogArtifact:
        path = Path(call.path)
        kept = self.folder / _FILES / (call.folder or "") / path.name
        if path.is_dir():
            shutil.copytree(path, kept, dirs_exist_ok=True)
        else:
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, kept)
        return replace(call, path=str(kept), is_temporary=False)

    def _drop_broken_line(self) -> None:
        """Drop what was being written when the process that wrote it was ended."""
        path = self.folder / _CALLS
        if path.exists():
            content = path.read_bytes()
            os.truncate(path, content.rfind(b"\n") + 1)

    def _count_sent(self) -> int:
        path = self.folder / _SENT
        return int(path.read_text()) if path.exists() else 0

    def _write_start(self) -> None:
        _write(self.folder / _START, json.dumps(asdict(self.start), indent=2))

    def _remove(self) -> None:
        # First what makes it a journal: one that is removed by half is none.
        (self.folder / _START).unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.unlock()
        # The last one removes the folder of them all.
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()


def find_journals(home: Path) -> Iterator[Path]:
    """Yield the folders of journals, the oldest first."""
    return (start.parent for start in sorted(home.glob(f"*/{_START}")))


def _title(call: Call) -> str:
    return call.path if isinstance(call, LogArtifact) else type(call).__name__


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
