"""A store that does not answer is told from one that cannot be; none is waited for in vain."""

from __future__ import annotations

import os
import time

import pytest
import requests
from mlflow.exceptions import MlflowException

from plankton_embedding.tracking.calls import Call
from plankton_embedding.tracking.options import TrackingError
from plankton_embedding.tracking.server import RefusedError, RunStart, Server, UnreachableError

# Nothing listens there.
NOBODY = "http://127.0.0.1:9"


def begin(uri):
    Server(uri).begin(RunStart(uri, "tests", "a run", {}, 0))


def test_a_server_that_is_down(monkeypatch):
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="Connection refused"):
        begin(NOBODY)
    assert time.monotonic() - began < 20
    assert {name for name in os.environ if "HTTP_REQUEST" in name} == {
        name for name in before if "HTTP_REQUEST" in name
    }


def test_a_user_s_own_patience_is_kept(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    asked = []

    def request(*args, **kwargs):
        asked.append(kwargs["timeout"])
        raise requests.exceptions.ConnectTimeout("no answer")

    monkeypatch.setattr("requests.Session.request", request)
    with pytest.raises(UnreachableError, match="no answer"):
        begin(NOBODY)
    assert asked[0] == 7


@pytest.mark.parametrize(
    "uri", ["htp://server", "http:/server", "sqlite:////proc/no/such/place/runs.db"]
)
def test_a_store_that_cannot_be(uri):
    with pytest.raises(TrackingError, match="cannot be used"):
        begin(uri)


def test_a_certificate_that_is_wrong_will_not_mend_itself(monkeypatch):
    def request(*args, **kwargs):
        raise requests.exceptions.SSLError("self-signed certificate")

    monkeypatch.setattr("requests.Session.request", request)
    with pytest.raises(TrackingError, match="self-signed"):
        begin("https://127.0.0.1:9")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MlflowException("a name", error_code=1), UnreachableError),
        (MlflowException("a name", error_code=1000), RefusedError),
        (OSError("disk"), UnreachableError),
        (requests.exceptions.HTTPError("502"), UnreachableError),
    ],
)
def test_errors_of_calls_in_two_words(uri, error, expected):
    class Failing(Call):
        def send(self, client, run_id):
            raise error

    with pytest.raises(expected):
        Server(uri).send(Failing(), "run")
