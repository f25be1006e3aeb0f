"""Sending what runs have kept while their tracking server could not be reached."""

from __future__ import annotations

import logging
from pathlib import Path

from plankton_embedding.tracking.calls import Call, FinishRun, LogBatch
from plankton_embedding.tracking.journal import Journal, find_journals
from plankton_embedding.tracking.options import TrackingError, without_password
from plankton_embedding.tracking.server import Server, UnreachableError

logger = logging.getLogger(__name__)


def sync_journals(home: Path, uri: str) -> int:
    """Send what is kept of all runs that have ended, and remove it.

    Parameters
    ----------
    home
        Folder of the journals.
    uri
        Absolute tracking URI; runs that were for another store are left, with a warning.

    Returns
    -------
    int
        How many runs were sent.

    Raises
    ------
    TrackingError
        If the store does not answer or cannot be used; what was not sent is kept.
    """
    sent, server = 0, None
    for folder in find_journals(home):
        journal = Journal.open(folder)
        if not journal.lock():
            logger.warning("%s is left: its run still goes on, and sends it itself", folder)
            continue
        if journal.start.uri != without_password(uri):
            logger.warning(
                "%s is left: it is for %s, not %s. Set MLFLOW_TRACKING_URI to that, or write the "
                "new address into its run.json where the store has moved",
                *(folder, journal.start.uri, without_password(uri)),
            )
            continue
        server = server or Server(uri)
        _send(journal, server)
        logger.info("Sent %r: MLflow run %s", journal.start.name, journal.start.run_id)
        sent += 1
    return sent


def _send(journal: Journal, server: Server) -> None:
    calls = journal.calls()
    if not any(isinstance(call, FinishRun) for call in calls):
        # By SIGKILL or by the machine: the last that is known of it is when it ended.
        journal.append(FinishRun("KILLED", _last_time(calls, journal.start.start_time)))
    try:
        journal.send(server)
    except UnreachableError as error:
        raise TrackingError(
            f"MLflow at {journal.start.uri} does not answer: {error}. All is kept in "
            f"{journal.folder.parent}."
        ) from error


def _last_time(calls: list[Call], start: int) -> int:
    batches = (call for call in calls if isinstance(call, LogBatch))
    return max((metric[2] for batch in batches for metric in batch.metrics), default=start)
