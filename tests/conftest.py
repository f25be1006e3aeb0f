"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from plankton_embedding.parameters import Parameters
from tiny_project import draw_images, tiny_values


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three classes of ten images; do not write into it."""
    return draw_images(tmp_path_factory.mktemp("raw") / "images")


@pytest.fixture(scope="session")
def tiny(image_folder: Path) -> Parameters:
    """Return the parameters of a training that takes a second."""
    return Parameters.model_validate(tiny_values(image_folder))
