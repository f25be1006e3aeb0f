"""Fixtures for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from plankton_embedding.parameters import Parameters
from tiny_project import draw_images, tiny_values
from trained_project import copy_models, train_project

# A shell that puts a command into the background lets it ignore Ctrl-C, and all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three classes of ten images; do not write into it."""
    return draw_images(tmp_path_factory.mktemp("raw") / "images")


@pytest.fixture(scope="session")
def tiny(image_folder: Path) -> Parameters:
    """Return the parameters of a training that takes a second."""
    return Parameters.model_validate(tiny_values(image_folder))


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with an embedder and a gallery; do not write into it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        return train_project(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of one's own with that embedder and gallery."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return copy_models(trained_once, tmp_path)
