"""Fixtures of the training tests: a tiny store, its splits, a tiny training."""

from __future__ import annotations

import pandas as pd
import pytest

from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.location import open_location
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore, write_image_store
from plankton_embedding.training.session import TrainedStep, train_in_steps


@pytest.fixture(scope="session")
def splits(tiny, image_folder) -> pd.DataFrame:
    listed = list_class_folders(open_location(str(image_folder)))
    manifest = scan_images(listed, tiny.scan, tiny.engine)
    return assign_splits(manifest, tiny.split, tiny.seed)


@pytest.fixture(scope="session")
def store(tiny, image_folder, splits, tmp_path_factory) -> ImageStore:
    folder = tmp_path_factory.mktemp("store") / "store"
    listed = list_class_folders(open_location(str(image_folder)))
    options = (tiny.preprocess, tiny.store, tiny.engine)
    write_image_store(folder, prepare_images(listed, splits, "f1nger", *options))
    return ImageStore(folder)


@pytest.fixture(scope="session")
def trained(tiny, store, splits) -> list[TrainedStep]:
    """Three steps: one of the head on the frozen backbone, two of the whole network."""
    return list(train_in_steps(store, splits, tiny.embedder, tiny.training, tiny.seed))
