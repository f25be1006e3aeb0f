"""Where runs are tracked."""

import pytest

from plankton_embedding.tracking.options import (
    TrackingError,
    absolute_uri,
    read_options,
    without_password,
)

OPTIONS = {
    "tracking_uri": "sqlite:///mlflow.db",
    "experiment": "plankton",
    "registered_model": None,
    "system_metrics_seconds": 10,
}


def test_a_relative_store_counts_from_the_project(tmp_path):
    assert absolute_uri("sqlite:///mlflow.db", tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.parametrize("uri", ["sqlite:////data/runs.db", "http://127.0.0.1:5000", "databricks"])
def test_other_stores_stay_as_they_are(uri, tmp_path):
    assert absolute_uri(uri, tmp_path) == uri
    assert without_password(uri) == uri


def test_a_password_is_not_shown():
    assert without_password("https://me:secret@server:5000/a") == "https://server:5000/a"


def test_options():
    assert read_options(OPTIONS).system_metrics_seconds == 10


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tracking_url": "x"}, "tracking_url: Extra inputs are not permitted"),
        ({"system_metrics_seconds": 0}, "system_metrics_seconds: Input should be greater than 0"),
    ],
)
def test_wrong_options(changes, said):
    with pytest.raises(TrackingError, match=said):
        read_options(OPTIONS | changes)
