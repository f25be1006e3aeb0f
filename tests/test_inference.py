"""Images that nobody labelled in, classes out: the pipeline `inference`."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from PIL import Image

from plankton_embedding.analysis.gallery_files import read_gallery, write_gallery
from plankton_embedding.cli import run as kedro_run
from plankton_embedding.images.listing import list_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.parameters import SourceOptions
from plankton_embedding.training import embed_files
from plankton_embedding.training.trained_embedder import read_embedder
from tiny_project import tiny_values
from trained_project import copy_models, latest, predictions, run, versions


@pytest.fixture
def images(trained_once, tmp_path) -> Path:
    """Return a folder as people have them: deep, mixed, with files that are no images."""
    folder = tmp_path / "new"
    (folder / "station 1" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    source = trained_once.parent / "images"
    for name in ("bar", "disc", "frame"):
        for number in range(3):
            shutil.copy(source / name / f"{number:02d}.png", folder / f"{name}{number}.png")
    shutil.copy(source / "bar" / "05.png", folder / "station 1" / "deep" / "animal <b>.png")
    (folder / "station 1" / "notes.png").write_text("this is text")
    (folder / "empty.png").touch()
    Image.new("1", (2000, 1000)).save(folder / "huge.png")
    return folder


def fails(project: Path, monkeypatch, *arguments: str) -> str:
    """Return what `kedro run --pipelines inference` says when it fails."""
    bootstrap_project(project)
    monkeypatch.chdir(project)
    result = CliRunner().invoke(kedro_run, ["--pipelines", "inference", *arguments])
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_every_file_has_a_row(trained, images):
    run(trained, "inference", images=str(images))
    found = predictions(trained)
    assert len(found) == 13
    assert found.index.is_monotonic_increasing
    reasons = found["reason"][found["reason"] != ""].to_dict()
    assert reasons == {
        "empty.png": "empty file",
        "huge.png": "too large: 2000 x 1000 pixels",
        "station 1/notes.png": "not an image of a known format",
    }
    unread = found.loc[list(reasons)]
    assert unread[["class_name", "confidence", "distance", "is_unknown"]].isna().all(axis=None)
    read = found.drop(list(reasons))
    assert read["class_name"].isin(["bar", "disc", "frame"]).all()
    assert read["confidence"].between(1 / 3, 1).all()
    assert (read["distance"] < read["runner_up_2_distance"]).all()
    assert (read["runner_up_2_distance"] < read["runner_up_3_distance"]).all()
    assert read[["runner_up_4", "runner_up_5"]].isna().all(axis=None)
    assert Path(found["path"]["bar0.png"]) == images / "bar0.png"
    text = pd.read_csv(
        latest(trained, "07_model_output/class_predictions.csv"), keep_default_na=False
    ).set_index("image_id")
    assert text["class_name"].tolist() == found["class_name"].fillna("").tolist()
    assert text["reason"].tolist() == found["reason"].tolist()


def test_predictions_are_those_of_the_nearest_centroid(trained, images):
    run(trained, "inference", images=str(images))
    embedder = read_embedder(latest(trained, "06_models/embedder"))
    gallery = read_gallery(latest(trained, "07_model_output/class_gallery"))
    rule = json.loads(latest(trained, "07_model_output/decision_rule.json").read_text())
    table = pd.read_parquet(latest(trained, "07_model_output/gallery_embeddings.parquet"))
    known = table[table["split"] == "validation"]
    assert len(known) == 9
    columns = [name for name in table if name.startswith("e0")]
    network = embedder.network()
    for image_id, row in predictions(trained).query("reason == ''").iterrows():
        plane = preprocess((images / image_id).read_bytes(), embedder.card.preprocess)
        with torch.no_grad():
            vector = network(torch.from_numpy(plane)[None]).numpy()[0].astype(float)
        distances = np.linalg.norm(gallery.centroids - vector, axis=1)
        nearest = int(distances.argmin())
        # In batches sums are rounded otherwise.
        assert row["distance"] == pytest.approx(distances[nearest], abs=1e-5)
        assert row["class_name"] == gallery.class_names[nearest]
        novelty = distances[nearest] / gallery.radii[nearest]
        assert row["novelty"] == pytest.approx(novelty, rel=1e-2)
        assert row["is_unknown"] == (row["novelty"] > rule["threshold"])
        weights = np.exp(-distances / rule["temperature"])
        assert row["confidence"] == pytest.approx(weights.max() / weights.sum(), rel=1e-2)
        apart = np.linalg.norm(known[columns].to_numpy(float) - vector, axis=1)
        assert apart[known["image_id"] == row["nearest_example_1"]] == pytest.approx(
            apart.min(), abs=1e-5
        )


@pytest.mark.slow
def test_counts_and_the_run_are_tracked(trained, images):
    run(trained, "inference", images=str(images))
    summary = json.loads(latest(trained, "08_reporting/inference_summary.json").read_text())
    found = predictions(trained)
    assert (summary["images"], summary["unreadable"]) == (13, 3)
    assert summary["unknown"] == found["is_unknown"].sum()
    counts = pd.read_csv(latest(trained, "08_reporting/predicted_counts.csv"))
    wanted = found["class_name"].value_counts().sort_index()
    assert dict(zip(counts["class_name"], counts["images"], strict=True)) == wanted.to_dict()
    client = MlflowClient(f"sqlite:///{trained}/mlflow.db")
    experiment = client.get_experiment_by_name("plankton_embedding")
    (tracked,) = client.search_runs([experiment.experiment_id])
    assert tracked.data.tags["kedro.pipelines"] == "inference"
    assert tracked.data.params["images"] == str(images)
    assert tracked.data.params["inference.images_per_block"] == "4"
    assert tracked.data.metrics["unreadable"] == 3
    assert client.list_artifacts(tracked.info.run_id, "report")[0].path == "report/review.html"


@pytest.mark.slow
def test_the_review_page_shows_the_least_certain_and_what_is_not_readable(trained, images):
    run(trained, "inference", images=str(images))
    page = latest(trained, "08_reporting/review.html").read_text()
    assert "animal &lt;b&gt;.png" in page or "animal <b>.png" not in page
    assert "<b>.png" not in page
    assert "not an image of a known format" in page
    shown = predictions(trained).query("reason == ''")
    # Three a class, and three that are unknown.
    sections = shown["class_name"].mask(shown["is_unknown"].astype(bool), "unknown")
    assert page.count('<figure class="tile"') == sections.value_counts().clip(upper=3).sum()
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_ecotaxa_reads_what_is_predicted(trained, images):
    run(trained, "inference", images=str(images))
    table = latest(trained, "07_model_output/ecotaxa_predictions.tsv")
    header, types, *rows = table.read_text().splitlines()
    assert set(types.split("\t")) == {"[t]", "[f]"}
    assert len(header.split("\t")) == len(types.split("\t"))
    assert len(rows) == 10
    known = predictions(trained).query("reason == ''")["is_unknown"].eq(False).sum()
    assert sum("predicted" in row.split("\t") for row in rows) == known
    shutil.copy(table, images / "ecotaxa_predictions.tsv")
    options = SourceOptions.model_validate(
        tiny_values(images)["source"] | {"kind": "ecotaxa", "validated_only": False}
    )
    files = list_images(open_location(str(images)), options).files.set_index("image_id")
    used = files[files["reason"] == ""]
    wanted = predictions(trained).query("reason == '' and not is_unknown")
    assert used["class_name"].to_dict() == wanted["class_name"].to_dict()
    assert files["object_prediction_confidence"].dtype == "float64"


@pytest.mark.slow
def test_an_export_of_ecotaxa_without_categories(trained, images):
    lines = ["img_file_name\tobject_id\tobject_area", "[t]\t[t]\t[f]"]
    lines += ["bar0.png\tANIMAL_7\t12.5", "lost.png\tANIMAL_8\t3"]
    (images / "ecotaxa_export.tsv").write_text("\n".join(lines) + "\n")
    run(trained, "inference", images=str(images))
    found = predictions(trained)
    assert found["reason"]["lost.png"] == "not in the export: named in ecotaxa_export.tsv"
    # Images that no table names are images like others; the table itself is none.
    assert found["reason"]["disc0.png"] == ""
    assert "ecotaxa_export.tsv" not in found.index
    table = pd.read_csv(latest(trained, "07_model_output/ecotaxa_predictions.tsv"), sep="\t")
    ids = table.set_index("img_file_name")["object_id"]
    assert ids["bar0.png"] == "ANIMAL_7"
    assert ids["disc0.png"] == "disc0.png"


@pytest.mark.slow
def test_a_zip_a_table_and_one_file_say_the_same(trained, images, tmp_path, caplog):
    run(trained, "inference", images=str(images))
    folder = predictions(trained)
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        for file in images.rglob("*.png"):
            archive.write(file, file.relative_to(images).as_posix())
    run(trained, "inference", images=str(tmp_path / "new.zip"))
    pd.testing.assert_frame_equal(
        predictions(trained).drop(columns="path"), folder.drop(columns="path")
    )
    pd.DataFrame({"path": ["bar0.png", "gone.png", ""]}).to_csv(images / "list.csv", index=False)
    run(trained, "inference", images=str(images / "list.csv"))
    table = predictions(trained)
    assert table["reason"].tolist() == ["no path", "", "broken link or file that vanished"]
    assert "2 files could not be read, for example a row: no path" in caplog.text
    assert table["distance"]["bar0.png"] == pytest.approx(folder["distance"]["bar0.png"], abs=1e-5)
    run(trained, "inference", images=str(images / "bar0.png"))
    alone = predictions(trained)["class_name"].to_dict()
    assert alone == {"bar0.png": table["class_name"]["bar0.png"]}


@pytest.mark.slow
def test_copies_of_one_image_are_all_alike(trained, images, tmp_path):
    (tmp_path / "copies").mkdir()
    for number in range(200):
        shutil.copy(images / "disc1.png", tmp_path / "copies" / f"{number:03d}.png")
    run(trained, "inference", images=str(tmp_path / "copies"))
    found = predictions(trained).drop(columns=["path"])
    assert len(found) == 200
    assert found["class_name"].nunique() == 1
    # Batches of one size and of another are rounded differently.
    assert np.ptp(found["distance"]) < 1e-5


@pytest.mark.slow
def test_nothing_that_can_be_read(trained, images, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.png").write_text("a")
    run(trained, "inference", images=str(tmp_path / "texts"))
    assert predictions(trained)["reason"].tolist() == ["not an image of a known format"]
    assert "No image could be read" in latest(trained, "08_reporting/review.html").read_text()


def test_an_empty_folder(trained, tmp_path, monkeypatch):
    (tmp_path / "nothing" / "inside").mkdir(parents=True)
    said = fails(trained, monkeypatch, "--params", f"images={tmp_path / 'nothing'}")
    assert "nothing holds no file" in said


def test_no_such_folder(trained, tmp_path, monkeypatch):
    said = fails(trained, monkeypatch, "--params", f"images={tmp_path / 'nowhere'}")
    assert "nowhere does not exist. Give a folder, a zip, a table or an image" in said


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("06_models/embedder", "--pipelines modelling`"),
        ("07_model_output/class_gallery", "--pipelines gallery`"),
        ("07_model_output/decision_rule.json", "--pipelines gallery`"),
    ],
)
def test_what_must_be_run_before_is_said(trained, images, monkeypatch, missing, command):
    shutil.rmtree(trained / "data" / missing)
    said = fails(trained, monkeypatch, "--params", f"images={images}")
    assert f"there is no {Path(missing).stem} yet" in said
    assert command in said


def edit_card(project: Path, **changes: object) -> None:
    path = latest(project, "06_models/embedder") / "card.json"
    card = json.loads(path.read_text())
    for name, value in changes.items():
        card[name] = value
    # Not into the file itself: other projects have it too.
    path.unlink()
    path.write_text(json.dumps(card))


def test_a_card_that_was_edited(trained, images, monkeypatch):
    preprocess = tiny_values(images)["preprocess"] | {"background": "black"}
    edit_card(trained, preprocess=preprocess)
    said = fails(trained, monkeypatch, "--params", f"images={images}")
    assert "the class gallery was made by the embedder" in said
    # Before anything was embedded.
    assert not versions(trained, "07_model_output/inference_embeddings")


def test_a_card_that_is_none(trained, images, monkeypatch):
    edit_card(trained, preprocess={"image_size": "large"})
    said = fails(trained, monkeypatch, "--params", f"images={images}")
    assert "card.json is not the card of an embedder: preprocess" in said


def test_a_gallery_of_another_embedder(trained, images, monkeypatch):
    folder = latest(trained, "07_model_output/class_gallery")
    gallery = read_gallery(folder)
    shutil.rmtree(folder)
    write_gallery(folder, replace(gallery, embedder_fingerprint="0" * 64))
    said = fails(trained, monkeypatch, "--params", f"images={images}")
    assert "'0000000000000000" in said
    assert "different embedders cannot be compared" in said


def test_a_rule_and_images_of_another_gallery(trained, images, monkeypatch):
    folder = latest(trained, "07_model_output/class_gallery")
    gallery = read_gallery(folder)
    shutil.rmtree(folder)
    write_gallery(folder, replace(gallery, radii=2 * gallery.radii))
    said = fails(trained, monkeypatch, "--params", f"images={images}")
    assert "the decision rule was fitted to another class gallery" in said
    assert "--pipelines gallery" in said


def test_a_rule_that_was_edited(trained, images, monkeypatch):
    path = latest(trained, "07_model_output/decision_rule.json")
    text = path.read_text()
    path.unlink()
    path.write_text(text.replace('"temperature":', '"temperature": -1, "was":'))
    said = fails(trained, monkeypatch, "--params", f"images={images}")
    assert "is no decision rule: temperature" in said


# Going on


def count_embedded(monkeypatch) -> list[int]:
    """Return a list that grows by the number of images of each batch that is embedded."""
    sizes = []
    forward = embed_files._forward

    def counting(network, images, compute, size):
        sizes.append(len(images))
        return forward(network, images, compute, size)

    monkeypatch.setattr(embed_files, "_forward", counting)
    return sizes


@pytest.mark.slow
def test_a_run_that_was_ended_goes_on(trained, trained_once, images, tmp_path, monkeypatch):
    whole = copy_models(trained_once, tmp_path / "whole")
    run(whole, "inference", images=str(images))
    (blocks,) = versions(whole, "07_model_output/inference_embeddings")
    assert len(list(blocks.iterdir())) >= 3
    tabulate = embed_files._tabulate

    def end(plan, parts):
        if plan.number == 2:
            raise KeyboardInterrupt
        return tabulate(plan, parts)

    monkeypatch.setattr(embed_files, "_tabulate", end)
    with pytest.raises(KeyboardInterrupt):
        run(trained, "inference", images=str(images))
    monkeypatch.setattr(embed_files, "_tabulate", tabulate)
    (left,) = versions(trained, "07_model_output/inference_embeddings")
    assert len(list(left.iterdir())) == 2
    done = sum((pd.read_parquet(file)["reason"] == "").sum() for file in left.iterdir())
    embedded = count_embedded(monkeypatch)
    run(trained, "inference", images=str(images))
    assert 0 < sum(embedded) == 10 - done
    for dataset in (
        "class_predictions.parquet",
        "class_predictions.csv",
        "ecotaxa_predictions.tsv",
    ):
        first, second = (latest(p, f"07_model_output/{dataset}") for p in (whole, trained))
        assert first.read_bytes() == second.read_bytes(), dataset


@pytest.mark.slow
def test_embeddings_of_a_run_that_was_ended_are_not_taken_for_all(trained, images, monkeypatch):
    run(trained, "inference", images=str(images))
    folder = latest(trained, "07_model_output/inference_embeddings")
    max(folder.iterdir()).unlink()
    bootstrap_project(trained)
    monkeypatch.chdir(trained)
    result = CliRunner().invoke(
        kedro_run,
        ["--pipelines", "inference", "--nodes", "classify_images"],
    )
    assert "the run was ended" in " ".join(result.output.split())


@pytest.mark.slow
def test_only_what_changed_is_embedded_again(trained, images, monkeypatch):
    run(trained, "inference", images=str(images))
    embedded = count_embedded(monkeypatch)
    before = predictions(trained)
    run(trained, "inference", images=str(images))
    assert not embedded
    pd.testing.assert_frame_equal(predictions(trained), before)
    shutil.copy(images / "bar0.png", images / "frame2.png")
    run(trained, "inference", images=str(images))
    assert 1 <= sum(embedded) < 10
    after = predictions(trained)
    assert after["distance"]["frame2.png"] == pytest.approx(
        before["distance"]["bar0.png"], abs=1e-5
    )


@pytest.mark.slow
def test_a_block_that_is_damaged_is_made_anew(trained, images):
    run(trained, "inference", images=str(images))
    before = predictions(trained)
    folder = latest(trained, "07_model_output/inference_embeddings")
    min(folder.iterdir()).write_bytes(b"PAR1")
    run(trained, "inference", images=str(images))
    pd.testing.assert_frame_equal(predictions(trained), before)


@pytest.mark.slow
def test_another_embedder_embeds_anew(trained, images, monkeypatch):
    run(trained, "inference", images=str(images))
    edit_card(trained, seed=99)
    embedder = read_embedder(latest(trained, "06_models/embedder"))
    folder = latest(trained, "07_model_output/class_gallery")
    gallery = replace(read_gallery(folder), embedder_fingerprint=embedder.fingerprint())
    shutil.rmtree(folder)
    write_gallery(folder, gallery)
    from plankton_embedding.analysis.decision_rule import DecisionRule, fingerprint_gallery

    path = latest(trained, "07_model_output/decision_rule.json")
    rule = DecisionRule.model_validate_json(path.read_bytes())
    path.unlink()
    path.write_text(
        rule.model_copy(
            update={"gallery_fingerprint": fingerprint_gallery(gallery)}
        ).model_dump_json()
    )
    embedded = count_embedded(monkeypatch)
    run(trained, "inference", images=str(images))
    assert sum(embedded) == 10
