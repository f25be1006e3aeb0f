"""Fixtures of the training tests: a tiny store, its splits, a tiny training."""

from __future__ import annotations

import pandas as pd
import pytest

from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.folder import list_image_folder
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore, write_image_store
from plankton_embedding.training.session import TrainedStep, train_in_steps


@pytest.fixture(scope="session")
def splits(tiny, image_folder) -> pd.DataFrame:
    manifest = scan_images(list_image_folder(image_folder), tiny.parallel)
    return assign_splits(manifest, tiny.split, tiny.seed)


@pytest.fixture(scope="session")
def store(tiny, image_folder, splits, tmp_path_factory) -> ImageStore:
    folder = tmp_path_factory.mktemp("store") / "store"
    listed = list_image_folder(image_folder)
    options = (tiny.preprocess, tiny.store, tiny.parallel)
    write_image_store(folder, prepare_images(listed, splits, "f1nger", *options))
    return ImageStore(folder)


@pytest.fixture(scope="session")
def trained(tiny, store, splits) -> list[TrainedStep]:
    """Three steps: one of the head on the frozen backbone, two of the whole network."""
    return list(train_in_steps(store, splits, tiny.embedder, tiny.training, tiny.seed))
