"""`kedro run` with a backbone of timm, packaged weights and a head in closed form."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tiny_project import draw_images, make_project
from trained_project import latest, predictions, run

pytestmark = pytest.mark.slow

LITE = {"backbone": "tf_efficientnet_lite0", "weights": "packaged", "activation": "unit"}
HEAD = {"start": "discriminants", "least_directions": 4, "steps": 0}
LOSSES = {"triplet": {"margin": 0.3}}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("closed_form")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        yield make_project(folder / "project", draw_images(folder / "images"))


def values(project, name):
    return json.loads(latest(project, name).read_text())


def test_the_closed_form_alone_is_a_run_with_a_report_and_a_gallery(project):
    params = {
        "preprocess": {"image_size": 64},
        "embedder": LITE,
        "training": {"head": HEAD, "network": {"steps": 0}, "losses": LOSSES},
    }
    run(project, "__default__", **params)
    card = values(project, "06_models/embedder_card.json")
    assert (card["step"], card["stage"]) == (0, "closed_form")
    assert (card["backbone"]["source"], card["backbone"]["features"]) == ("timm", 1280)
    metrics = values(project, "08_reporting/metrics.json")
    scores = metrics["baselines"]
    assert list(scores) == [
        "trained embedder",
        "frozen backbone with closed-form head",
        "frozen backbone",
        "raw pixels",
    ]
    # Nothing was trained, and the shapes are easy.
    assert scores["trained embedder"] == scores["frozen backbone with closed-form head"]
    assert scores["trained embedder"]["accuracy"] == 1
    report = latest(project, "08_reporting/report.html").read_text()
    assert "What training added" in report
    assert "The head was solved in closed form" in report
    run(project, "inference", **params)
    found = predictions(project)
    assert len(found) == 30
    assert (found["class_name"] == [path.split("/")[0] for path in found.index]).mean() > 0.8


def test_training_goes_on_from_there_and_the_head_is_solved_again(project):
    network = {"steps": 1, "epochs_per_step": 1, "frozen_blocks": 5, "loss": "proxy_softmax"}
    training = {"head": HEAD | {"refit": True}, "network": network, "batch_norm": "frozen"}
    params = {
        "preprocess": {"image_size": 64},
        "embedder": LITE,
        "training": training | {"losses": LOSSES},
    }
    run(project, "modelling", "reporting", **params)
    steps = pd.read_parquet(latest(project, "07_model_output/training_steps"))
    assert sorted(zip(steps["step"], steps["stage"], strict=True)) == [
        (0, "closed_form"),
        (1, "network"),
        (2, "closed_form"),
    ]
    metrics = values(project, "08_reporting/metrics.json")
    assert sorted(metrics["steps"]) == ["0", "1", "2"]
    frozen = pd.read_parquet(latest(project, "07_model_output/frozen_features.parquet"))
    assert frozen.filter(regex=r"^e\d").shape == (15, 1280)
