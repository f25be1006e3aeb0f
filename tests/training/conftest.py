"""Fixtures of the training tests: a tiny store, its splits, a tiny training."""

from __future__ import annotations

import pandas as pd
import pytest

from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.location import open_location
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.source import ImageSource
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_writer import write_image_store
from plankton_embedding.training.session import TrainedStep, train_in_steps
from tiny_project import NO_DUPLICATES


@pytest.fixture(scope="session")
def listed(image_folder) -> ImageSource:
    return list_class_folders(open_location(str(image_folder)))


@pytest.fixture(scope="session")
def manifest(tiny, listed) -> pd.DataFrame:
    return scan_images(listed, tiny.scan, tiny.engine)


@pytest.fixture(scope="session")
def splits(tiny, manifest) -> pd.DataFrame:
    return assign_splits(manifest, NO_DUPLICATES, tiny.split, tiny.seed)


@pytest.fixture(scope="session")
def store(tiny, listed, manifest, splits, tmp_path_factory) -> ImageStore:
    folder = tmp_path_factory.mktemp("store") / "store"
    options = (tiny.preprocess, tiny.store, tiny.engine)
    content = prepare_images(listed, manifest, splits, "f1nger", options)
    write_image_store(folder, content, folder.with_name("building"))
    return ImageStore(folder)


@pytest.fixture(scope="session")
def trained(tiny, store, splits) -> list[TrainedStep]:
    """Three steps: one of the head on the frozen backbone, two of the whole network."""
    return list(train_in_steps(store, splits, tiny.embedder, tiny.training, tiny.seed))
