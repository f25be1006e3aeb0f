"""`kedro run --pipelines reporting --params embeddings=FOLDER`: a report on others' embeddings."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from patience import PATIENCE
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.parameters import ParameterError
from tiny_project import ROOT, make_project

REFERENCE = ROOT.parent / "shared" / "reference_embeddings"


def run_report(project, embeddings, **options):
    bootstrap_project(project)
    parameters = {"embeddings": str(embeddings)}
    with KedroSession.create(project, runtime_params=parameters) as session:
        return session.run(**({"pipeline_names": ["reporting"]} | options))


def saved(project, name):
    (path,) = (project / "data" / "08_reporting" / name).glob(f"*/{name}")
    return path


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embeddings")
    random = np.random.default_rng(0)
    for step, split in ((1, "validation"), (2, "validation"), (2, "test")):
        labels = np.repeat(["a", "b", "c__a"], 8)
        centres = {"a": 0, "b": 3, "c__a": 6}
        places = np.array([centres[label] for label in labels])[:, np.newaxis]
        vectors = places + random.normal(scale=0.5, size=(len(labels), 4))
        table = pd.DataFrame(vectors.astype("float32"), columns=["e00", "e01", "e02", "e03"])
        table.assign(label=labels).to_parquet(folder / f"{split}_step_{step}.parquet")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory, image_folder, embeddings):
    project = make_project(tmp_path_factory.mktemp("given") / "project", image_folder)
    command = ["run", "--pipelines", "reporting", "--params", f"embeddings={embeddings}"]
    result = subprocess.run(
        [sys.executable, "-m", "kedro", *command],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stderr
    assert "Replacing dataset" not in result.stdout + result.stderr
    return project


def test_the_report_is_of_the_embeddings_that_were_given(project, embeddings):
    metrics = json.loads(saved(project, "metrics.json").read_text())
    assert metrics["test"]["last"]["n"] == 24
    assert metrics["test"]["last"]["accuracy"] == 1
    assert metrics["raw_pixels"] == {}
    report = saved(project, "report.html").read_text()
    assert str(embeddings) in report
    assert "without a training history" in report
    assert "Without a network" not in report


def test_kedro_viz_can_show_every_figure_and_table(project):
    bootstrap_project(project)
    with KedroSession.create(project) as session:
        catalog = session.load_context().catalog
        file = project / "conf" / "base" / "catalog" / "reporting.yml"
        entries = yaml.safe_load(file.read_text())
        shown = [
            name
            for name, entry in entries.items()
            if not name.startswith("_") and "filepath" in entry
        ]
        assert len(shown) >= 45
        for name in shown:
            assert len(json.dumps(catalog.get(name).preview())) > 2 or name == "raw_pixel_baseline"


def test_other_pipelines_are_refused(project, embeddings):
    with pytest.raises(ParameterError, match="--pipelines reporting"):
        run_report(project, embeddings, pipeline_names=["__default__"])


def test_a_folder_that_is_not_there_is_named(project, tmp_path):
    with pytest.raises(EmbeddingsError, match="is not a folder"):
        run_report(project, tmp_path / "absent")


@pytest.mark.slow
def test_the_reference_work_is_reproduced(tmp_path, image_folder):
    if not REFERENCE.exists():
        pytest.skip(f"the reference embeddings are not at {REFERENCE}")
    project = make_project(tmp_path / "project", image_folder)
    (project / "conf" / "local" / "parameters.yml").unlink()
    run_report(project, REFERENCE)
    expected = json.loads((REFERENCE / "expected.json").read_text())
    metrics = json.loads(saved(project, "metrics.json").read_text())
    for step in ("1", "10", "19"):
        published = expected[f"validation_step_{int(step):02d}"]
        measured = metrics["steps"][step]
        assert measured["validation_accuracy"] == published["nearest_centroid_accuracy"]
        assert measured["mean_radius"] == pytest.approx(published["mean_radius"], abs=1e-6)
        assert measured["mean_separation"] == pytest.approx(
            published["mean_separation_between_distinct_classes"], abs=1e-6
        )
    assert (
        metrics["test"]["last"]["accuracy"]
        == expected["test_step_19"]["accuracy_by_validation_centroids"]
    )
    confusions = pd.read_csv(saved(project, "confusions_over_steps.csv"))
    for step in (1, 10, 19):
        published = expected[f"validation_step_{step:02d}"]["published_confusion_counts"]
        rows = confusions[(confusions["step"] == step) & (confusions["split"] == "validation")]
        measured = rows.set_index(["class_name", "predicted_class"])["images"].to_dict()
        assert measured == {
            (name, other): count
            for name, counts in published.items()
            for other, count in counts.items()
            if count
        }
    accuracies = {name: scores["accuracy"] for name, scores in metrics["classifiers"].items()}
    assert accuracies["nearest centroid"] == metrics["test"]["last"]["accuracy"]
    for name, accuracy in (("linear SVM", 0.870), ("RBF SVM", 0.879), ("decision tree", 0.797)):
        assert accuracies[name] == pytest.approx(accuracy, abs=0.01)
    assert metrics["clustering"]["ami"] == pytest.approx(0.851, abs=0.02)
