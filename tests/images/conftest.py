"""Fixtures of the image tests: small folders of class folders, and options for them."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.earlier_scan import EarlierManifest
from plankton_embedding.images.location import open_location
from plankton_embedding.images.scan import ACCEPTED, scan_images
from plankton_embedding.parameters import (
    EngineOptions,
    PreprocessOptions,
    ScanOptions,
    SplitOptions,
)


@pytest.fixture
def one_thread() -> EngineOptions:
    return EngineOptions(backend="threading", workers=1, address=None)


@pytest.fixture
def scan_folder(one_thread: EngineOptions) -> Callable[..., pd.DataFrame]:
    """Return a function that scans a folder of class folders: ``scan_folder(root, min_side=9)``."""

    def scan(
        root: Path,
        engine: EngineOptions = one_thread,
        earlier: EarlierManifest | None = None,
        **changes: object,
    ) -> pd.DataFrame:
        values = {"max_rejected": 1, "min_side": 1, "max_pixels": 10**8, "reuse": False}
        listed = list_class_folders(open_location(str(root)))
        return scan_images(listed, ScanOptions.model_validate(values | changes), engine, earlier)

    return scan


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """Return a function that writes a small noisy PNG, another one for another number."""

    def write(path: Path, number: int = 0, height: int = 9, width: int = 12) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (height, width), dtype=np.uint8)
        Image.fromarray(pixels).save(path, "PNG")
        return path

    return write


@pytest.fixture
def two_classes(tmp_path: Path, write_image: Callable[..., Path]) -> Path:
    """Return a folder of two class folders, ``algae`` and ``copepod``, of two images each."""
    root = tmp_path / "images"
    for number, name in enumerate(["algae/0", "algae/1", "copepod/0", "copepod/1"]):
        write_image(root / f"{name}.png", number)
    return root


@pytest.fixture
def make_manifest() -> Callable[..., pd.DataFrame]:
    """Return a function that makes a manifest of so many accepted images of each class."""

    def make(sizes: dict[str, int]) -> pd.DataFrame:
        rows = [
            (f"{name}/{number:03d}.png", name, f"{name}-{number}-content", ACCEPTED)
            for name, size in sizes.items()
            for number in range(size)
        ]
        return pd.DataFrame(rows, columns=["image_id", "class_name", "sha256", "status"])

    return make


@pytest.fixture
def split_options() -> Callable[..., SplitOptions]:
    """Return a function that makes split options: ``split_options(3, 0.2, "drop")``."""

    def make(
        validation: float, test: float, small_classes: str = "error", **changes: object
    ) -> SplitOptions:
        return SplitOptions.model_validate(
            {
                "validation_per_class": validation,
                "test_per_class": test,
                "small_classes": small_classes,
                "group_column": None,
                "group_pattern": None,
                "unseen_classes": [],
            }
            | changes
        )

    return make


@pytest.fixture
def preprocess_options() -> Callable[..., PreprocessOptions]:
    """Return a function that makes preprocessing options, on a canvas of 80 x 80 pixels."""

    def make(**changes: object) -> PreprocessOptions:
        values = {"image_size": 80, "fit": "resize", "background": "white", "crop_bottom": 0}
        values |= {"bit_depth": "auto"}
        return PreprocessOptions.model_validate(values | changes)

    return make


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Return a function that takes away the right to read a file or a folder.

    The administrator may read everything: there the refusal of the system is imitated.
    """

    def take_away(path: Path) -> None:
        path.chmod(0)
        if os.access(path, os.R_OK):
            for module, name in [(Path, "read_bytes"), (os, "scandir")]:
                _refuse(monkeypatch, module, name, path)

    return take_away


def _refuse(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, forbidden: Path) -> None:
    real = getattr(owner, name)

    def refusing(path: Path, *rest: object) -> object:
        if Path(path) == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest)

    monkeypatch.setattr(owner, name, refusing)
