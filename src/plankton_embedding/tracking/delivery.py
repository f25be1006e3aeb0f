"""Delivering what a run logs: at once, or later, but never not at all."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from plankton_embedding.tracking.calls import Call
from plankton_embedding.tracking.journal import Journal
from plankton_embedding.tracking.options import TrackingError
from plankton_embedding.tracking.server import RunStart, Server, UnreachableError

logger = logging.getLogger(__name__)

# A store that does not answer is asked again after so many seconds, then less and less often.
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 600.0


class Delivery:
    """Sends calls to the store while it answers, keeps them while it does not.

    Parameters
    ----------
    uri
        Absolute tracking URI.
    start
        What the run begins with; gets the run's id.
    untracked
        Folder of the journal of this run; None: a store that does not answer is an error.

    Raises
    ------
    TrackingError
        If the store cannot be used; without `untracked` also if it does not answer.
    """

    def __init__(self, uri: str, start: RunStart, untracked: Path | None) -> None:
        self.start = start
        self._journal = Journal(untracked, start) if untracked else None
        self._server = Server(uri)
        self._lock = threading.Lock()
        self._pause, self._next_try = _FIRST_PAUSE, 0.0
        self._is_lost = False
        try:
            start.run_id = self._server.begin(start)
        except UnreachableError as error:
            self._lose(error)

    @property
    def kept_in(self) -> Path | None:
        """The folder with what is still to be sent, or None."""
        return self._journal.folder if self._journal and not self._journal.is_empty else None

    def deliver(self, call: Call) -> Any:
        """Send a call, or keep it.

        Returns
        -------
        What the store answers; None: it was kept.

        Raises
        ------
        TrackingError
            If the store does not answer and nothing can be kept.
        RefusedError, GoneError
            If the store does not take it.
        """
        with self._lock:
            if not self._is_lost or time.monotonic() >= self._next_try:
                try:
                    return self._send(call)
                except UnreachableError as error:
                    self._lose(error)
            self._keep(call)
            return None

    def close(self) -> None:
        """Try a last time to send what was kept."""
        with self._lock:
            if not self._is_lost or self._journal is None:
                return
            try:
                self._recover(self._journal)
            except UnreachableError:
                logger.warning(
                    "What MLflow did not get is kept in %s: send it with `kedro mlflow-sync` "
                    "when %s answers",
                    *(self._journal.folder, self.start.uri),
                )
            self._journal.unlock()

    def _send(self, call: Call) -> Any:
        if self._is_lost and self._journal:
            self._recover(self._journal)
        return self._server.send(call, str(self.start.run_id))

    def _recover(self, journal: Journal) -> None:
        try:
            sent = journal.send(self._server)
            if self.start.run_id is None:
                self.start.run_id = self._server.begin(self.start)
        except TrackingError as error:
            # It came back as another, or lets nobody in any more: no reason to end a training.
            raise UnreachableError(str(error)) from error
        self._is_lost, self._pause = False, _FIRST_PAUSE
        logger.info("MLflow at %s answers again, and has got all %d calls", self.start.uri, sent)

    def _lose(self, error: UnreachableError) -> None:
        if self._journal is None:
            raise TrackingError(f"MLflow at {self.start.uri} does not answer: {error}.") from error
        if not self._is_lost:
            logger.warning(
                "MLflow at %s does not answer: %s. The run goes on without it; what it logs is "
                "kept in %s, and sent when MLflow answers again or with `kedro mlflow-sync`",
                *(self.start.uri, error, self._journal.folder),
            )
        self._is_lost = True
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _keep(self, call: Call) -> None:
        if self._journal is None:
            return
        try:
            self._journal.append(call)
        except OSError as error:
            # A full disk ends the training where it matters: at its next checkpoint.
            logger.error("What MLflow did not get cannot be kept either: %s", error)
