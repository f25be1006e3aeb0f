"""Training in several processes: each its own batches, one that writes."""

from __future__ import annotations

import signal

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from commands import run, start, tracked_runs, versions
from patience import PATIENCE, wait_until
from plankton_embedding.training.batch_stream import BatchStream
from plankton_embedding.training.batches import RandomTriplets
from plankton_embedding.training.class_balanced import ClassBalancedBatches
from plankton_embedding.training.feed import CachedFeed
from plankton_embedding.training.ranks import Ranks, RanksError, find_ranks
from tiny_project import draw_images, make_project

LABELS = np.repeat(np.arange(4), 12)
TWO = "training.devices=2"
TORCHRUN = ("torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29712")


@pytest.mark.parametrize(
    "sampler",
    [
        ClassBalancedBatches(LABELS, 2, 3, 7, 0),
        RandomTriplets(LABELS, 4, 7, False, 0),
    ],
)
def test_ranks_share_the_batches_of_an_epoch_out(sampler):
    rows = torch.arange(len(LABELS))

    def batches(rank, world, count):
        sampler.batches = count
        ranks = Ranks(rank, world)
        stream = BatchStream(CachedFeed(rows), LABELS, sampler, 1, ranks, torch.device("cpu"))
        return [tuple(batch.inputs.tolist()) for batch in stream.epoch(1)]

    first, second = batches(0, 2, count=7), batches(1, 2, count=7)
    assert not set(first) & set(second)
    # One more than asked for, so that each has as many.
    alone = batches(0, 1, count=8)
    assert len(set(alone)) == 8
    assert (first, second) == (alone[::2], alone[1::2])


def test_processes_that_do_not_fit_the_parameters_are_an_error(tiny, monkeypatch):
    with pytest.raises(RanksError, match=r"num_nodes is 2: start one process a device"):
        find_ranks(tiny.training.model_copy(update={"num_nodes": 2}))
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "4"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(RanksError, match=r"4 processes were started, but .* 2 x 1"):
        find_ranks(tiny.training.model_copy(update={"devices": 2}))
    found = find_ranks(tiny.training.model_copy(update={"devices": 2, "num_nodes": 2}))
    assert (found.rank, found.world, found.local_rank, found.from_outside) == (1, 4, 1, True)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Prepare the images."""
    folder = tmp_path_factory.mktemp("processes")
    project = make_project(folder / "project", draw_images(folder / "images"))
    run(project, "--pipelines", "data_engineering")
    return project


@pytest.mark.slow
def test_two_processes_train_one_embedder_and_one_of_them_writes(project):
    run(project, "--pipelines", "modelling")
    output = run(project, "--pipelines", "modelling", "--params", TWO)
    assert "2 x CPU" in output
    alone, together = versions(project, "06_models/checkpoints")
    assert len(list(together.glob("step_*.json"))) == 3
    _, runs = tracked_runs(project)
    assert [tracked.info.status for tracked in runs] == ["FINISHED"] * 3
    history = pd.read_parquet(versions(project, "07_model_output/training_history")[-1])
    assert np.isfinite(history["train_loss"]).all()
    # The head is trained on other batches, two at a time; the frozen backbone is the same.
    one, two = (load_file(folder / "step_01.safetensors") for folder in (alone, together))
    assert not torch.equal(one["head.1.weight"], two["head.1.weight"])
    assert torch.equal(
        one["backbone.Conv2d_1a_3x3.conv.weight"], two["backbone.Conv2d_1a_3x3.conv.weight"]
    )


@pytest.mark.slow
def test_torchrun_trains_the_same_and_rank_0_alone_writes(project):
    run(project, "--pipelines", "modelling", "--params", TWO)
    run(project, "--pipelines", "modelling", "--params", TWO, launcher=TORCHRUN)
    own, outside = versions(project, "06_models/checkpoints")[-2:]
    for step in (1, 2, 3):
        name = f"step_{step:02d}.safetensors"
        assert (own / name).read_bytes() == (outside / name).read_bytes()
    _, runs = tracked_runs(project)
    assert [tracked.info.status for tracked in runs[-2:]] == ["FINISHED"] * 2


@pytest.mark.slow
def test_srun_trains_the_same(project):
    """The variables that srun sets, without one."""
    run(project, "--pipelines", "modelling", "--params", TWO)
    common = {
        "SLURM_JOB_ID": "7",
        "SLURM_JOB_NAME": "train",
        "SLURM_NTASKS": "2",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NNODES": "1",
        "SLURM_NODELIST": "localhost",
        "SLURM_NODEID": "0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29713",
    }
    tasks = [
        start(
            project,
            "--pipelines",
            "modelling",
            "--params",
            TWO,
            variables=common | {"SLURM_PROCID": task, "SLURM_LOCALID": task},
        )
        for task in ("0", "1")
    ]
    outputs = [task.communicate(timeout=PATIENCE)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], outputs
    assert "epoch 6" in outputs[0]
    assert "epoch" not in outputs[1]
    own, outside = versions(project, "06_models/checkpoints")[-2:]
    weights = [(folder / "step_03.safetensors").read_bytes() for folder in (own, outside)]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_several_processes_do_not_prepare_images(project):
    process = start(project, "--params", TWO, launcher=TORCHRUN)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "can do nothing together but train" in output


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_two_processes_end_at_a_signal(project, number):
    """To the first process alone, as a scheduler or `kill` sends it, while both compute."""
    before = len(versions(project, "06_models/checkpoints"))
    arguments = ("--pipelines", "modelling", "--params", f"{TWO},training.network.steps=40")
    process = start(project, *arguments)

    def steps():
        found = versions(project, "06_models/checkpoints")
        return len(list(found[-1].glob("step_*.json"))) if len(found) > before else 0

    wait_until(lambda: steps() >= 3, process)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    _, runs = tracked_runs(project)
    assert runs[-1].info.status == "KILLED"


@pytest.mark.slow
def test_a_process_that_fails_ends_the_others_with_a_message(project):
    process = start(
        project,
        "--pipelines",
        "modelling",
        "--params",
        f"{TWO},training.head.steps=0,training.network.learning_rate=1.0e+30",
    )
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "the training diverged" in output
    assert "Traceback" not in output.rpartition("Error: ")[2]
