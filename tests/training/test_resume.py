"""A training that is interrupted ends as if it had not been; another may go on with new rules."""

import json
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DatasetError, Version

from plankton_embedding.datasets.checkpoints_dataset import CheckpointsDataset
from plankton_embedding.datasets.earlier_trainings_dataset import EarlierTrainingsDataset
from plankton_embedding.datasets.embedder_dataset import EmbedderDataset
from plankton_embedding.datasets.step_table_dataset import StepTableDataset
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.training.checkpoint import CheckpointError, CheckpointFolder
from plankton_embedding.training.earlier import ResumeError
from plankton_embedding.training.session import train_in_steps
from plankton_embedding.training.trained_embedder import select_embedder
from tiny_project import NO_DUPLICATES

NAMES = ("checkpoints", "training_history", "training_steps", "embeddings", "embedder")


class Disk:
    """The datasets that a training writes, in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, version, steps, finished=False):
        place = Version(None, version)
        datasets = [CheckpointsDataset(filepath=self.path("checkpoints"), version=place)] + [
            StepTableDataset(filepath=self.path(name), partition_by=columns, version=place)
            for name, columns in (
                ("training_history", ["step"]),
                ("training_steps", ["step"]),
                ("embeddings", ["step", "split"]),
            )
        ]
        for step in steps:
            parts = (step.checkpoint, step.history, step.metrics, step.embeddings)
            for dataset, part in zip(datasets, parts, strict=True):
                dataset.save(part)
        if finished:
            folder = CheckpointFolder(self.folder / "checkpoints" / version / "checkpoints")
            dataset = EmbedderDataset(filepath=self.path("embedder"), version=place)
            dataset.save(select_embedder(folder))

    def path(self, name):
        return str(self.folder / name)

    def earlier(self):
        return EarlierTrainingsDataset(**{n: {"filepath": self.path(n)} for n in NAMES}).load()


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path)


@pytest.fixture
def train(tiny, store, splits, disk):
    def run(changes=None, first=None, splits=splits, **training):
        values = tiny.training.model_dump() | training
        for stage, change in (changes or {}).items():
            values[stage] |= change
        options = type(tiny.training).model_validate(values)
        earlier = disk.earlier()
        steps = train_in_steps(store, splits, tiny.embedder, options, tiny.seed, earlier)
        return list(islice(steps, first))

    return run


def same(left, right):
    assert left.keys() == right.keys()
    return all(torch.equal(left[name], right[name]) for name in left)


def without_pace(history):
    return history.drop(columns=["images_per_second", "data_wait_share"])


@pytest.mark.parametrize("done", [1, 2, 3])
def test_an_interrupted_training_ends_bit_for_bit_as_if_it_had_not_been(trained, train, disk, done):
    disk.write("v1", trained[:done])
    resumed = train()
    assert len(resumed) == 3
    for step, expected in zip(resumed, trained, strict=True):
        assert same(step.checkpoint.weights, expected.checkpoint.weights)
        assert same(step.checkpoint.training_state, expected.checkpoint.training_state)
        pd.testing.assert_frame_equal(
            step.embeddings, expected.embeddings, check_like=True, check_dtype=False
        )
        pd.testing.assert_frame_equal(
            without_pace(step.history),
            without_pace(expected.history),
            check_like=True,
            check_dtype=False,
        )
        pd.testing.assert_frame_equal(
            step.metrics, expected.metrics, check_like=True, check_dtype=False
        )
    assert [step.checkpoint.continues for step in resumed] == [f"v1, step {done}"] * 3


@pytest.mark.parametrize("done", [1, 3])
def test_unseen_classes_are_embedded_after_an_interruption_too(tiny, manifest, train, disk, done):
    options = tiny.split.model_copy(update={"unseen_classes": ["disc"]})
    splits = assign_splits(manifest, NO_DUPLICATES, options, tiny.seed)
    whole = train(splits=splits)
    disk.write("v1", whole[:done])
    resumed = train(splits=splits)
    assert resumed[-1].checkpoint.continues == f"v1, step {done}"
    embeddings = resumed[-1].embeddings
    assert set(embeddings["split"]) == {"validation", "test", "unseen"}
    pd.testing.assert_frame_equal(
        embeddings, whole[-1].embeddings, check_like=True, check_dtype=False
    )
    pd.testing.assert_frame_equal(
        resumed[-1].metrics, whole[-1].metrics, check_like=True, check_dtype=False
    )


def test_a_training_of_before_there_were_unseen_classes_is_continued(trained, train, disk):
    disk.write("v1", trained[:2])
    for path in (disk.folder / "checkpoints").rglob("step_*.json"):
        card = json.loads(path.read_text())
        del card["unseen_classes"]
        path.write_text(json.dumps(card))
    assert train(first=2)[-1].checkpoint.continues == "v1, step 2"


def test_what_is_kept_is_handed_over_as_it_was_and_takes_no_room(trained, train, disk):
    disk.write("v1", trained[:2])
    disk.write("v2", train())
    for version in ("v1", "v2"):
        folder = disk.folder / "checkpoints" / version / "checkpoints"
        assert (folder / "step_02.state.safetensors").stat().st_nlink == 2
    earlier = next(disk.earlier())
    assert (earlier.version, earlier.steps, earlier.is_finished) == ("v2", [1, 2, 3], False)


@pytest.mark.parametrize("lost", ["embeddings/v1/embeddings/step=2", "checkpoints/v1/checkpoints"])
def test_a_step_that_was_not_saved_whole_is_trained_again(trained, train, disk, lost):
    disk.write("v1", trained[:2])
    for file in (disk.folder / lost).rglob("*"):
        if file.is_file() and not file.name.startswith("step_01"):
            file.unlink()
    resumed = train()
    assert resumed[-1].checkpoint.continues == "v1, step 1"
    assert same(resumed[-1].checkpoint.weights, trained[-1].checkpoint.weights)


def test_a_training_that_is_finished_or_another_one_is_not_continued(trained, train, disk):
    disk.write("v1", trained[:2])
    disk.write("v2", trained, finished=True)
    assert train(first=1)[0].checkpoint.continues is None
    assert train({"head": {"learning_rate": 1e-4}}, first=1)[0].checkpoint.continues is None


def test_never_begins_anew(trained, train, disk):
    disk.write("v1", trained[:2])
    assert train(first=1, resume_from="never")[0].checkpoint.continues is None


def test_nursing_goes_on_from_a_step_with_new_parameters(trained, train, disk):
    disk.write("v1", trained, finished=True)
    changes = {"network": {"learning_rate": 1e-4, "epochs_per_step": 1}}
    nursed = train(changes, resume_from=2)
    assert same(nursed[1].checkpoint.weights, trained[1].checkpoint.weights)
    assert not same(nursed[2].checkpoint.weights, trained[2].checkpoint.weights)
    assert nursed[2].checkpoint.card.continues == "v1, step 2"
    assert nursed[2].history["learning_rate"].tolist() == pytest.approx([0.9e-4])
    # The kept steps had two epochs each, the new one has one.
    assert nursed[2].history["epoch"].tolist() == [5]
    # It goes on from the step, not from anew: the new one moved little.
    before, after = (step.checkpoint.weights["head.1.weight"] for step in nursed[1:])
    assert (before - after).abs().max() < 2e-3


def test_more_steps_can_be_trained_on_top(trained, train, disk):
    disk.write("v1", trained, finished=True)
    longer = train({"network": {"steps": 3}}, resume_from=3)
    assert [step.checkpoint.card.step for step in longer] == [1, 2, 3, 4]
    assert longer[3].history["epoch"].tolist() == [7, 8]
    tested = [set(step.embeddings["split"]) for step in longer]
    assert tested[:3] == [{"validation"}] * 3
    assert tested[3] == {"validation", "test"}


def test_another_version_can_be_chosen(trained, train, disk):
    disk.write("v1", trained[:1])
    disk.write("v2", trained[:2])
    chosen = train(resume_from=1, resume_version="v1")
    assert chosen[-1].checkpoint.continues == "v1, step 1"


def test_what_cannot_be_resumed_is_an_error_that_says_why(trained, train, disk):
    with pytest.raises(ResumeError, match=r"has that step \(there is none\)"):
        train(resume_from=1)
    disk.write("v1", trained[:2])
    with pytest.raises(ResumeError, match=r"no earlier training has that step \(v1 has 1 to 2\)"):
        train(resume_from=3)
    with pytest.raises(ResumeError, match="last step that is planned is 1"):
        train({"network": {"steps": 0}}, resume_from=2)
    with pytest.raises(ResumeError, match=r"'v7', but there is no such version.*v1"):
        train(resume_from=1, resume_version="v7")


def test_a_version_that_cannot_be_continued_is_not_passed_over(trained, train, disk):
    disk.write("v1", trained, finished=True)
    with pytest.raises(ResumeError, match="'v1', but that training is finished"):
        train(resume_version="v1")


def test_an_interrupted_nursing_goes_on_where_it_was(trained, train, disk):
    disk.write("v1", trained[:2])
    changes = {"network": {"learning_rate": 1e-4, "steps": 3}}
    whole = train(changes, resume_from=1)
    disk.write("v2", whole[:3])
    again = train(changes, resume_from=1)
    assert again[-1].checkpoint.continues == "v2, step 3"
    assert same(again[-1].checkpoint.weights, whole[-1].checkpoint.weights)


def test_a_run_killed_while_it_took_steps_over_does_not_hide_the_longer_one(trained, train, disk):
    disk.write("v1", trained[:2])
    disk.write("v2", train()[:1])
    assert train()[-1].checkpoint.continues == "v1, step 2"


def test_an_embedder_that_was_not_saved_whole_is_no_end(trained, train, disk):
    disk.write("v1", trained, finished=True)
    (disk.folder / "embedder/v1/embedder/card.json").unlink()
    assert train()[-1].checkpoint.continues == "v1, step 3"


def test_another_network_cannot_be_resumed(trained, tiny, store, splits, disk):
    disk.write("v1", trained[:2])
    training = tiny.training.model_copy(update={"resume_from": 1})
    wider = tiny.embedder.model_copy(update={"embedding_size": 9})
    with pytest.raises(ResumeError, match="its embedder is another"):
        list(train_in_steps(store, splits, wider, training, tiny.seed, disk.earlier()))


def test_a_full_disk_leaves_the_steps_before(trained, train, disk, monkeypatch):
    disk.write("v1", trained[:1])

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("plankton_embedding.training.checkpoint.save_file", full)
        with pytest.raises(DatasetError, match=r"step 2 cannot be saved .*No space left") as error:
            disk.write("v1", trained[1:2])
    assert isinstance(error.value.__cause__, CheckpointError)
    left = [path.name for path in (disk.folder / "checkpoints/v1/checkpoints").iterdir()]
    assert sorted(left) == ["step_01.json", "step_01.safetensors", "step_01.state.safetensors"]
    assert next(disk.earlier()).steps == [1]


def test_classes_drawn_by_difficulty_are_the_same_after_a_resume(train, disk, tiny):
    batches = tiny.training.batches.model_dump()
    batches |= {"sampler": "difficulty_weighted", "classes": 2, "batches_per_epoch": 4}
    whole = train(batches=batches)
    disk.write("v1", whole[:2])
    resumed = train(batches=batches)
    assert resumed[-1].checkpoint.continues == "v1, step 2"
    assert same(resumed[-1].checkpoint.weights, whole[-1].checkpoint.weights)
    assert np.isfinite(whole[-1].history["train_loss"]).all()
