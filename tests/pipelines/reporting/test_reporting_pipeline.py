"""The reporting pipeline on a tiny data set whose results can be computed by hand."""

import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.images.summary import MixedDataError
from plankton_embedding.pipelines.reporting.nodes.measurements import predict_from_pixels
from report_run import report_on

FINGERPRINT = "0123456789abcdef"
HOSTILE = "<script>alert(1)</script>"
CLASSES = [HOSTILE, "b", "c"]
# Places along one axis. Step 1: centroids 1, 1.5, 9; step 2: 0, 10, 20.
PLACES = {
    (1, "validation"): [[0, 2], [1, 2], [9, 9]],
    (2, "validation"): [[0, 0], [9, 11], [20, 20]],
    (2, "test"): [[0, 1], [10, 16], [19, 20]],
}


class StoreInMemory:
    """Every image is gray; only those of the first class are black."""

    image_size = 2
    card = SimpleNamespace(fingerprint=FINGERPRINT)

    def __init__(self, splits):
        self.image_ids = splits["image_id"].to_numpy()
        self._levels = np.where(splits["class_name"] == HOSTILE, 0, 128).astype(np.uint8)

    def rows(self, image_ids):
        return np.array([list(self.image_ids).index(name) for name in image_ids], dtype=np.intp)

    def images(self, rows):
        return np.broadcast_to(self._levels[rows][:, None, None], (len(rows), 2, 2))


@pytest.fixture(scope="module")
def embeddings():
    rows = [
        (f"{name}/{split}_{number}.png", name, step, split, place)
        for (step, split), places in PLACES.items()
        for name, of_class in zip(CLASSES, places, strict=True)
        for number, place in enumerate(of_class)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "class_name", "step", "split", "e00"])
    noise = np.random.default_rng(0).normal(scale=1e-9, size=(len(table), 2))
    return table.astype({"e00": "float32"}).assign(e01=noise[:, 0], e02=noise[:, 1])


@pytest.fixture(scope="module")
def outputs(embeddings):
    splits = embeddings.loc[embeddings["step"] == 2, ["image_id", "class_name", "split"]]
    counts = {"found": 5, "rejected": 1, "train": 0, "validation": 2, "test": 2, "dropped": 0}
    history = {"train_loss": [2.0, 1.0], "validation_loss": [2.0, 1.5], "images_per_second": 10.0}
    epochs = {"stage": "network", "loss": "triplet", "step": [1, 2], "epoch": [1, 2]}
    epochs["trained"] = "whole network"
    rejected = {"image_id": f"{HOSTILE}.png", "class_name": HOSTILE, "reason": "<img onerror=x>"}
    totals = {"images_found": 15, "images_accepted": 12, "images_rejected": 3, "classes": 3}
    inputs = {
        "embeddings": embeddings,
        # As good as the embedder is at step 2, and without b where it is best.
        "closed_form_embeddings": embeddings[embeddings["step"] == 2].assign(step=0),
        "frozen_features": embeddings[embeddings["step"] == 2].assign(step=0, e00=0.0),
        "splits": splits,
        "image_store": StoreInMemory(splits),
        "training_history": pd.DataFrame({**epochs, **history, "learning_rate": 1e-3}),
        "class_counts": pd.DataFrame({"class_name": CLASSES, **counts}),
        "image_manifest": pd.DataFrame([{**rejected, "status": "rejected"}]),
        "data_summary": {"fingerprint": FINGERPRINT, **totals},
        "embedder_card": {
            "classes": CLASSES,
            "data_fingerprint": FINGERPRINT,
            "training": {"seed": 3},
        },
    }
    return report_on(inputs, title="R&D")


def test_metrics_by_hand(outputs):
    metrics = outputs["metrics"]
    # Step 1 validation: 2 lies nearer to b's 1.5 and 1 nearer to a's 1; 4 of 6 are right.
    assert metrics["steps"]["1"]["validation_accuracy"] == pytest.approx(4 / 6)
    assert metrics["steps"]["2"]["validation_accuracy"] == 1
    assert (metrics["best_step"], metrics["last_step"]) == (2, 2)
    # Test: only b at 16 lies nearer to c's 20.
    assert metrics["test"]["last"]["correct"] == 5
    assert metrics["test"]["last"]["n"] == 6
    # The mean images of b and c are equal, and ties go to b: so all but c's two are right.
    assert metrics["raw_pixels"]["correct"] == 4
    assert metrics["gain"]["last"] == pytest.approx(1 / 6)
    assert metrics["steps"]["2"]["mean_separation"] == pytest.approx(40 / 3)


def test_tables(outputs):
    assert outputs["confusion_counts"].loc["b", "c"] == 1
    assert outputs["confusion_counts"].to_numpy().sum() == 6
    recalls = outputs["class_metrics"].set_index("class_name")["recall"]
    assert recalls[CLASSES].tolist() == [1, 0.5, 1]
    assert len(outputs["predictions"]) == 18


def test_report_holds_the_headline(outputs):
    report = outputs["report"]
    assert "R&amp;D" in report
    assert "83.3 %" in report
    assert "5 of 6 test images" in report
    assert "95 % interval 43.6 % to 97.0 %" in report
    assert "66.7 %" in report
    assert "+16.7 points" in report
    assert "0123456789ab" in report


def test_report_is_self_contained(outputs):
    own_markup = re.sub(r"<script>.*?</script>", "", outputs["report"], flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#|data:|embedding_map.html)', own_markup)
    assert "url(http" not in own_markup
    assert "Plotly.newPlot" in outputs["report"]


def test_hostile_names_are_escaped_everywhere(outputs):
    assert "alert(1)" in outputs["report"]
    assert HOSTILE not in outputs["report"]
    assert "<img onerror" not in outputs["report"]
    data = re.findall(
        r'<script type="application/json"[^>]*>(.*?)</script>', outputs["report"], re.DOTALL
    )
    assert len(data) == 4
    for of_figure in data:
        assert "alert(1)" in of_figure
        assert "<" not in of_figure
    assert HOSTILE not in outputs["embedding_map_page"]


def test_a_report_on_other_images_than_those_of_the_embedder_is_refused(embeddings):
    splits = embeddings[["image_id", "class_name", "split"]]
    other = {"data_fingerprint": "f" * 16}
    with pytest.raises(MixedDataError, match=r"embedder_card ffff.*--load-versions"):
        predict_from_pixels(StoreInMemory(splits), splits, {"fingerprint": FINGERPRINT}, other)


def test_no_torch_is_imported():
    code = (
        "import sys; from plankton_embedding.pipelines.reporting import create_pipeline; "
        "create_pipeline(); "
        "print([name for name in ('torch', 'lightning', 'mlflow') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_chapters_are_about_the_best_step_not_the_last(embeddings):
    # One step more, at which every class lies where another did: validation and test are worse.
    spoilt = embeddings[embeddings["step"] == 2].assign(step=3)
    places = spoilt["e00"].to_numpy().copy()
    spoilt = spoilt.assign(e00=np.where(np.arange(len(places)) % 2, places[::-1], places))
    more = pd.concat([embeddings, spoilt], ignore_index=True)
    outputs = report_on(
        {
            **given_inputs(more),
            "image_store": None,
        }
    )
    metrics = outputs["metrics"]
    assert (metrics["best_step"], metrics["last_step"]) == (2, 3)
    assert outputs["confusion_counts"].to_numpy().sum() == 6
    assert outputs["confusion_counts"].to_numpy().trace() == metrics["test"]["best"]["correct"] == 5
    assert metrics["classifiers"]["nearest centroid"]["accuracy"] == pytest.approx(5 / 6)
    assert set(outputs["embedding_map"]["step"]) == {2}
    assert "Training went on to step 3" in outputs["report"]


def given_inputs(embeddings):
    """Return the inputs of a report on embeddings alone."""
    counts = {"found": 4, "rejected": 0, "train": 0, "validation": 2, "test": 2, "dropped": 0}
    return {
        "embeddings": embeddings,
        "closed_form_embeddings": embeddings.head(0),
        "frozen_features": embeddings.head(0),
        "splits": embeddings[["image_id", "class_name", "split"]].drop_duplicates("image_id"),
        "class_counts": pd.DataFrame({"class_name": CLASSES, **counts}),
        "data_summary": {
            **{"fingerprint": FINGERPRINT, "images_found": 12, "images_accepted": 12},
            **{"images_rejected": 0, "classes": 3},
        },
        "embedder_card": {"data_fingerprint": FINGERPRINT},
        "training_history": pd.DataFrame(
            columns=["stage", "trained", "loss", "step", "epoch", "images_per_second"]
        ),
        "image_manifest": pd.DataFrame(columns=["image_id", "class_name", "status", "reason"]),
    }
