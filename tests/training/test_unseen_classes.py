"""Classes that training never sees: none of their images is looked at until all is trained."""

import numpy as np
import pandas as pd
import pytest
import torch

from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store import ImageStore
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.session import train_in_steps
from tiny_project import NO_DUPLICATES


class WatchedStore(ImageStore):
    """An image store that remembers which rows were read of it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.read = set()

    def images(self, rows):
        self.read |= set(np.asarray(rows).tolist())
        return super().images(rows)


@pytest.fixture(scope="module")
def unseen_splits(tiny, manifest):
    options = tiny.split.model_copy(update={"unseen_classes": ["disc"]})
    return assign_splits(manifest, NO_DUPLICATES, options, tiny.seed)


@pytest.fixture(scope="module")
def watched(store):
    return WatchedStore(store.folder)


@pytest.fixture(scope="module")
def steps_and_reads(tiny, watched, unseen_splits):
    """Train, and return the steps and what was read until each was there."""
    steps, reads = [], []
    for step in train_in_steps(watched, unseen_splits, tiny.embedder, tiny.training, tiny.seed):
        steps.append(step)
        reads.append(set(watched.read))
    return steps, reads


def rows_of(store, splits, *names):
    return set(store.rows(splits.loc[splits["split"].isin(names), "image_id"]).tolist())


def test_no_unseen_or_test_image_is_read_before_the_last_step(
    steps_and_reads, store, unseen_splits
):
    *before, last = steps_and_reads[1]
    assert len(before) == 2
    assert before[-1] == rows_of(store, unseen_splits, "train", "validation")
    assert last == rows_of(store, unseen_splits, "train", "validation", "test", "unseen")


def test_a_training_is_bit_for_bit_that_without_the_unseen_images(
    steps_and_reads, tiny, store, unseen_splits
):
    without = unseen_splits[unseen_splits["split"] != "unseen"]
    others = train_in_steps(store, without, tiny.embedder, tiny.training, tiny.seed)
    for step, other in zip(steps_and_reads[0], others, strict=True):
        weights, expected = step.checkpoint.weights, other.checkpoint.weights
        assert all(torch.equal(weights[name], expected[name]) for name in expected)
        pd.testing.assert_frame_equal(step.metrics, other.metrics)
        pace = ["images_per_second", "data_wait_share"]
        pd.testing.assert_frame_equal(
            step.history.drop(columns=pace), other.history.drop(columns=pace)
        )
        kept = step.embeddings[step.embeddings["split"] != "unseen"].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            kept.sort_values(["split", "step", "image_id"], ignore_index=True),
            other.embeddings.sort_values(["split", "step", "image_id"], ignore_index=True),
        )


def test_unseen_images_are_embedded_where_test_images_are(
    steps_and_reads, tiny, store, unseen_splits
):
    steps = steps_and_reads[0]
    assert all(set(step.embeddings["split"]) == {"validation"} for step in steps[:-1])
    last = steps[-1].embeddings
    unseen = last[last["split"] == "unseen"]
    assert set(unseen["step"]) == set(last.loc[last["split"] == "test", "step"])
    for number, table in unseen.groupby("step"):
        assert table["class_name"].tolist() == ["disc"] * 10
        network = Embedder(tiny.embedder)
        network.load_state_dict(steps[number - 1].checkpoint.weights)
        images = select_images(store, unseen_splits, "unseen")
        expected = map_images(network.eval(), images, Compute(tiny.training), 8).numpy()
        np.testing.assert_allclose(embedding_matrix(table), expected, atol=1e-4)
        assert table["image_id"].tolist() == images.table["image_id"].tolist()


def test_the_card_names_them_apart(steps_and_reads, trained):
    card = steps_and_reads[0][-1].checkpoint.card
    assert card.classes == ["bar", "frame"]
    assert card.unseen_classes == ["disc"]
    assert trained[-1].checkpoint.card.unseen_classes == []
