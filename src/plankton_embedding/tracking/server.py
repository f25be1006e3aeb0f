"""MLflow's client, which waits for its store a little, and says what is wrong in two words.

MLflow would wait for minutes, and its many errors say in many ways that a store does not answer.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plankton_embedding.errors import UserError
from plankton_embedding.tracking.calls import Call, GoneError
from plankton_embedding.tracking.options import LOCAL_STORE, TrackingError, without_password

# How often and how many seconds MLflow tries, unless its own variables say otherwise: at first,
# and then when it was there a moment ago.
_SHORT, _LONG = (1, 5), (2, 60)
# It was there, understood, and will say the same the next time.
_REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST"}


class UnreachableError(Exception):
    """The store does not answer now, and may do so later."""


class RefusedError(UserError):
    """The store does not take what it was sent, and never will."""


@dataclass
class RunStart:
    """What a run begins with.

    Attributes
    ----------
    uri
        Where it is tracked, without a password.
    experiment, name, tags
        Of the run; the experiment is made where it does not exist.
    start_time
        In milliseconds since 1970.
    run_id
        None: MLflow does not know of it yet.
    """

    uri: str
    experiment: str
    name: str
    tags: dict[str, str]
    start_time: int
    run_id: str | None = None


class Server:
    """A tracking store: a server, or a database.

    Parameters
    ----------
    uri
        Absolute tracking URI. Artifacts of an SQLite store lie beside its file.

    Raises
    ------
    TrackingError
        If no store can be at that URI.
    """

    def __init__(self, uri: str) -> None:
        # SQLite stores are set up by migrations that tell of each of their steps.
        for noisy in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        # MLflow reports its use to its makers unless told not to.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        # It takes a second to import; commands that run nothing do not need it.
        from mlflow import MlflowClient

        self.uri = uri
        try:
            self._client = MlflowClient(tracking_uri=uri)
        # Also of drivers of databases that are not installed.
        except Exception as error:
            raise _unusable(uri, error) from error

    def begin(self, start: RunStart) -> str:
        """Create a run, or find it where this was done before.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        UnreachableError
            If the store does not answer.
        TrackingError
            If it cannot be used.
        """
        try:
            with _patience(*_SHORT):
                experiment = self._experiment(start.experiment)
                found = self._find_run(experiment, start)
                if found:
                    return found
                run = self._client.create_run(
                    experiment, start.start_time, start.tags, run_name=start.name
                )
                return str(run.info.run_id)
        except Exception as error:
            if _is_unreachable(error, self.uri):
                raise UnreachableError(_first_line(error)) from error
            raise _unusable(self.uri, error) from error

    def check(self, run_id: str) -> None:
        """See whether the store answers, without waiting for long.

        Raises
        ------
        UnreachableError
            If it does not.
        """
        with _answers(), _patience(*_SHORT):
            self._client.get_run(run_id)

    def send(self, call: Call, run_id: str) -> Any:
        """Log something to a run.

        Raises
        ------
        UnreachableError
            If the store does not answer.
        RefusedError, GoneError
            If it does not take it.
        """
        with _answers(), _patience(*_LONG):
            return call.send(self._client, run_id)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        place = None
        if self.uri.startswith(LOCAL_STORE):
            place = Path(self.uri.removeprefix(LOCAL_STORE)).with_name("mlartifacts").as_uri()
        return str(self._client.create_experiment(name, place, tags=_EXPERIMENT_TAGS))

    def _find_run(self, experiment: str, start: RunStart) -> str | None:
        """Find the run if it was created by somebody who could not say so any more."""
        number = start.tags.get("kedro.run_id")
        if number is None:
            return None
        same = f"tags.`kedro.run_id` = '{number}' and attributes.start_time = {start.start_time}"
        found = self._client.search_runs([experiment], same)
        return str(found[0].info.run_id) if found else None


# MLflow's UI shows runs, charts and models, not chats and prompts.
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@contextlib.contextmanager
def _patience(retries: int, seconds: int) -> Iterator[None]:
    """Let MLflow try for so long, where its user has not said for how long."""
    wanted = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(retries),
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(seconds),
    }
    unset = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(unset)
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _answers() -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except GoneError:
        raise
    except MlflowException as error:
        if error.error_code in _REFUSALS:
            raise RefusedError(error.message) from error
        raise UnreachableError(_first_line(error)) from error
    # Of whatever artifacts are sent with: no such error may end a training.
    except Exception as error:
        raise UnreachableError(_first_line(error)) from error


def _is_unreachable(error: BaseException | None, uri: str) -> bool:
    from requests.exceptions import ConnectionError, RetryError, SSLError, Timeout
    from sqlalchemy.exc import OperationalError

    while error is not None:
        if isinstance(error, SSLError):
            return False
        if isinstance(error, ConnectionError | Timeout | RetryError):
            return True
        if isinstance(error, OperationalError):
            # An SQLite file that cannot be opened will not be there later.
            return not uri.startswith(LOCAL_STORE)
        error = error.__cause__ or error.__context__
    return False


def _unusable(uri: str, error: Exception) -> TrackingError:
    return TrackingError(
        f"the MLflow store {without_password(uri)} cannot be used: {error}. Set "
        "MLFLOW_TRACKING_URI or tracking_uri in conf/local/mlflow.yml."
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
