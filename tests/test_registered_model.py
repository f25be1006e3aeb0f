"""The model that others use: registered in MLflow, loaded, served, and refused where it must be."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from PIL import Image

from patience import PATIENCE, free_port, wait_until
from plankton_embedding.analysis.decision_rule import DecisionRule
from plankton_embedding.analysis.gallery_classifier import GalleryClassifier
from plankton_embedding.analysis.gallery_files import read_gallery
from plankton_embedding.cli import register_model
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.training.trained_embedder import read_embedder
from tiny_project import ROOT
from trained_project import copy_models, latest

NAME = "tiny plankton"
REAL_IMAGES = ROOT.parent / "shared" / "real_plankton" / "uvp6"
LOAD_ELSEWHERE = Path(__file__).parent / "load_elsewhere.py"


def configure(project: Path, name: str | None) -> None:
    (project / "conf" / "local" / "mlflow.yml").write_text(json.dumps({"registered_model": name}))


def refit_rule(project: Path) -> None:
    """Run the last node of the gallery pipeline alone."""
    bootstrap_project(project)
    with KedroSession.create(project) as session:
        session.run(pipeline_names=["gallery"], from_nodes=["fit_decision_rule"])


def client(project: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{project}/mlflow.db")


def model_folder(project: Path, version: str = "1") -> Path:
    source = client(project).get_model_version(NAME, version).source
    return Path(source.removeprefix("file://"))


@pytest.fixture(scope="module")
def project(trained_once, tmp_path_factory):
    """Return a project whose rule was fitted by a run that registers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        project = copy_models(trained_once, tmp_path_factory.mktemp("registered"))
        configure(project, NAME)
        refit_rule(project)
    return project


@pytest.fixture(scope="module")
def model(project):
    return mlflow.pyfunc.load_model(str(model_folder(project)))


@pytest.fixture(scope="module")
def image(trained_once) -> Path:
    return trained_once.parent / "images" / "frame" / "04.png"


def expect(project: Path, image: Path) -> dict:
    """Classify an image step by step, as the inference pipeline does."""
    embedder = read_embedder(latest(project, "06_models/embedder"))
    (home,) = project.glob("data/*/class_gallery")
    layer = home.parent.name
    rule = latest(project, f"{layer}/decision_rule.json").read_text()
    classifier = GalleryClassifier(
        read_gallery(latest(project, f"{layer}/class_gallery")),
        DecisionRule.model_validate_json(rule),
        pd.read_parquet(latest(project, f"{layer}/gallery_embeddings.parquet")),
        1,
    )
    pixels = preprocess(image.read_bytes(), embedder.card.preprocess)
    with torch.inference_mode():
        vector = embedder.network()(torch.from_numpy(pixels[None])).numpy()
    return {
        **classifier.classify(vector.astype(np.float64)).iloc[0],
        "embedding": vector[0].tolist(),
    }


def check(found: dict, expected: dict) -> None:
    assert found["class_name"] == expected["class_name"]
    assert found["is_unknown"] == expected["is_unknown"]
    # Distances are small differences: the last digits hang on the size of a batch.
    assert found["distance"] == pytest.approx(expected["distance"], rel=1e-4, abs=1e-5)
    assert found["confidence"] == pytest.approx(expected["confidence"], rel=1e-2)
    np.testing.assert_allclose(found["embedding"], expected["embedding"], atol=1e-5)


def test_a_run_that_makes_a_gallery_registers_its_model(project):
    version = client(project).get_model_version(NAME, "1")
    run = client(project).get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["registered_model"] == f"models:/{NAME}/1"
    embedder = read_embedder(latest(project, "06_models/embedder"))
    assert version.tags["embedder_fingerprint"] == embedder.fingerprint()
    assert version.tags["data_fingerprint"] == embedder.card.data_fingerprint
    assert version.tags["classes"] == "3"


def test_nothing_in_it_is_a_pickle(project):
    files = [path for path in model_folder(project).rglob("*") if path.is_file()]
    kinds = {path.suffix for path in files if "code" not in path.relative_to(project).parts}
    assert kinds <= {".json", ".safetensors", ".parquet", ".py", ".yaml", ".txt", ""}
    assert not any(path.suffix in (".pkl", ".pt", ".pth", ".pyc") for path in files)


def test_requirements_are_pinned_and_of_one_build(project):
    lines = (model_folder(project) / "requirements.txt").read_text().split()
    pins = dict(line.split("==") for line in lines)
    assert pins["torch"] == torch.__version__.partition("+")[0]
    assert "torchvision" in pins
    assert not any("+" in version for version in pins.values())


def test_bytes_paths_and_arrays_give_what_the_pipeline_gives(model, project, image):
    content = image.read_bytes()
    given = [content, base64.b64encode(content), str(image), np.asarray(Image.open(image))]
    found = model.predict(pd.DataFrame({"image": given}))
    columns = ["class_name", "distance", "confidence", "is_unknown", "embedding"]
    assert found.columns.tolist() == columns == model.metadata.signature.outputs.input_names()
    expected = expect(project, image)
    for row in found.to_dict("records"):
        check(row, expected)


def test_many_images_keep_their_order(model, image):
    images = sorted(image.parents[1].glob("*/*.png"))[::3]
    assert len(images) > 8  # more than the network takes at once
    table = pd.DataFrame({"image": [path.read_bytes() for path in images]})
    together = model.predict(table)
    alone = model.predict(table.iloc[[-1]])
    np.testing.assert_allclose(
        together["embedding"].iloc[-1], alone["embedding"].iloc[0], atol=1e-5
    )
    assert len(together) == len(images)
    assert together["embedding"].map(tuple).nunique() > 1


def test_no_images_give_no_rows(model):
    empty = pd.DataFrame({"image": pd.Series([], dtype=object)})
    assert model.unwrap_python_model().predict(None, empty).empty


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("no/such.png", "image 1: there is no file no/such.png"),
        (b"this is text", "image 1: not an image of a known format"),
        (b"", "image 1: empty file"),
        (None, "image 1: NoneType is no image: give"),
        (np.zeros((40, 40)), r"image 1: array of float64 and shape \(40, 40\): give uint8"),
        (np.zeros((40, 40, 2), np.uint8), r"image 1: array of uint8 and shape \(40, 40, 2\)"),
        (np.full((40, 40), 7, np.uint8), "image 1: one flat colour"),
        (np.eye(3, dtype=np.uint8), "image 1: too small: 3 x 3 pixels"),
        (np.zeros((1001, 1000), np.uint8), "image 1: too large: 1000 x 1001 pixels"),
    ],
)
def test_an_image_that_cannot_be_used_is_named(given, said, model, image):
    with pytest.raises(MlflowException, match=said):
        model.predict(pd.DataFrame({"image": [image.read_bytes(), given]}))


def test_images_are_counted_beyond_the_first_batch(model, image):
    given = [image.read_bytes()] * 10 + [b"this is text"]
    with pytest.raises(MlflowException, match="image 10: not an image"):
        model.predict(pd.DataFrame({"image": given}))


def test_colour_and_16_bits_are_taken(model, image):
    gray = np.asarray(Image.open(image))
    colour = np.repeat(gray[..., None], 3, axis=2)
    found = model.predict(pd.DataFrame({"image": [gray, colour, gray.astype(np.uint16) * 257]}))
    assert found["class_name"].nunique() == 1
    np.testing.assert_allclose(found["embedding"][0], found["embedding"][1], atol=1e-4)


def test_another_column_is_named(model, image):
    with pytest.raises(MlflowException, match="missing inputs"):
        model.predict(pd.DataFrame({"picture": [image.read_bytes()]}))


def test_a_server_opens_no_paths(model, image, monkeypatch):
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")
    with pytest.raises(MlflowException, match="opens no paths"):
        model.predict(pd.DataFrame({"image": [str(image)]}))
    text = base64.b64encode(image.read_bytes()).decode()
    assert len(model.predict(pd.DataFrame({"image": [text]}))) == 1


def copy_model(project: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-r", str(model_folder(project)), str(folder)], check=True)
    return folder / "model"


def edit_card(model: Path, **changes: object) -> None:
    path = model / "artifacts" / "embedder" / "card.json"
    card = json.loads(path.read_text())
    for name, value in changes.items():
        card[name] = {**card[name], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(card))


def add_pickle(model: Path) -> None:
    torch.save({}, model / "artifacts" / "embedder" / "embedder.pt")


def add_pickle_to_gallery(model: Path) -> None:
    (model / "artifacts" / "class_gallery" / "centroids.pkl").write_bytes(b"\x80\x04N.")


def pickle_the_weights(model: Path) -> None:
    torch.save({}, model / "artifacts" / "embedder" / "embedder.safetensors")


def resize_the_head(model: Path) -> None:
    edit_card(model, embedder={"embedding_size": 9})


def edit_the_card(model: Path) -> None:
    edit_card(model, preprocess={"background": "black"})


def add_a_key_to_the_card(model: Path) -> None:
    edit_card(model, loader="os.system")


def edit_the_gallery(model: Path) -> None:
    path = model / "artifacts" / "class_gallery" / "gallery.json"
    path.write_text(path.read_text().replace('"features": 8', '"features": 7'))


def use_another_rule(model: Path) -> None:
    path = model / "artifacts" / "decision_rule.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "gallery_fingerprint": "other"}))


def break_the_rule(model: Path) -> None:
    path = model / "artifacts" / "decision_rule.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "temperature": -1}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (add_pickle, r"holds embedder\.pt, which is refused"),
        (add_pickle_to_gallery, r"holds centroids\.pkl, which is refused"),
        (pickle_the_weights, r"embedder\.safetensors cannot be read"),
        (resize_the_head, "weights do not fit its card"),
        (edit_the_card, "made by the embedder .* but the embedder in use"),
        (add_a_key_to_the_card, r"is not the card of an embedder: loader"),
        (edit_the_gallery, "cannot be read"),
        (use_another_rule, "fitted to another class gallery"),
        (break_the_rule, "is no decision rule"),
    ],
)
def test_what_was_spoilt_is_refused(spoil, said, project, tmp_path):
    model = copy_model(project, tmp_path)
    spoil(model)
    with pytest.raises(Exception, match=said):
        mlflow.pyfunc.load_model(str(model))


def test_it_loads_with_its_requirements_alone_and_unpickles_nothing(project, image, tmp_path):
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, "-I", str(LOAD_ELSEWHERE), str(model_folder(project)), str(image)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert Path(found.pop("package")).is_relative_to(model_folder(project) / "code")
    check(found, expect(project, image))


def invoke(project: Path, monkeypatch, *arguments: str):
    bootstrap_project(project)
    monkeypatch.chdir(project)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return CliRunner().invoke(register_model, arguments)


def test_the_command_makes_the_next_version(project, monkeypatch):
    result = invoke(project, monkeypatch)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"Registered models:/{NAME}/2"
    run = client(project).get_run(client(project).get_model_version(NAME, "2").run_id)
    assert (run.info.run_name, run.info.status) == ("register-model", "FINISHED")


def test_a_gallery_of_another_embedder_is_not_registered(trained, monkeypatch):
    folder = latest(trained, "06_models/embedder")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").unlink()  # it is a link into the other project
    (folder / "card.json").write_text(json.dumps({**card, "seed": 99}))
    result = invoke(trained, monkeypatch, "--name", "other")
    assert result.exit_code == 1
    assert "different embedders cannot be compared" in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert client(trained).search_registered_models() == []


def test_what_is_missing_is_named_with_the_pipeline_that_makes_it(trained, monkeypatch):
    (home,) = trained.glob("data/*/decision_rule.json")
    latest(trained, f"{home.parent.name}/decision_rule.json").unlink()
    result = invoke(trained, monkeypatch, "--name", "other")
    assert result.exit_code == 1
    assert "no decision_rule yet. Run `kedro run --pipelines gallery`" in result.output


def test_no_name_is_a_question(trained, monkeypatch):
    result = invoke(trained, monkeypatch)
    assert result.exit_code == 2
    assert "give --name" in result.output


def test_a_name_that_mlflow_does_not_take_fails_no_run(trained, monkeypatch, caplog):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    configure(trained, "a/b")
    refit_rule(trained)
    assert "No model was registered: MLflow does not take the model 'a/b'" in caplog.text
    (experiment,) = client(trained).search_experiments(filter_string="name LIKE 'plankton%'")
    (run,) = client(trained).search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"


def post(port: int, request: dict) -> tuple[int, dict]:
    content = json.dumps(request).encode()
    headers = {"Content-Type": "application/json"}
    address = f"http://127.0.0.1:{port}/invocations"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, content, headers)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def wait_until_ready(process: subprocess.Popen, port: int, log: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
            return True
        return False

    wait_until(answers)


@pytest.fixture
def server(project, tmp_path):
    """Serve the registered model on loopback, in a process group of its own."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CI")
    }
    # `mlflow` and `uvicorn` of this environment.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{project}/mlflow.db"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    command += ["-m", f"models:/{NAME}/1", "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(process, port, log)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
def test_it_is_served(server, project, image):
    # Real images, where there are some.
    images = [image, *sorted(REAL_IMAGES.glob("*/*.png"))[:2]]
    expected = [expect(project, path) for path in images]
    texts = [base64.b64encode(path.read_bytes()).decode() for path in images]
    for request in (
        {"dataframe_records": [{"image": text} for text in texts]},
        {"dataframe_split": {"columns": ["image"], "data": [[text] for text in texts]}},
        {"inputs": {"image": texts}},
    ):
        status, answer = post(server, request)
        assert status == 200, answer
        for row, wanted in zip(answer["predictions"], expected, strict=True):
            check(row, wanted)
    refused = base64.b64encode(b"this is text").decode()
    status, answer = post(server, {"dataframe_records": [{"image": refused}]})
    assert status == 400
    assert "image 0: not an image of a known format" in answer["message"]
    status, answer = post(server, {"dataframe_records": [{"image": str(image)}]})
    assert status == 400
