"""Classes that join, leave and are renamed without training: pipelines `gallery` and `enrol`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from PIL import Image

from plankton_embedding.analysis.gallery import GalleryError
from plankton_embedding.analysis.gallery_files import read_gallery
from plankton_embedding.cli import run as kedro_run
from trained_project import latest, predictions, run, versions

pytestmark = pytest.mark.slow

GALLERY = "07_model_output/class_gallery"


@pytest.fixture
def crosses(tmp_path) -> Path:
    """Return a folder with one class folder of five images of a class that nobody trained on."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:40j, -1:1:40j]
    shape = (np.abs(x) < 0.15) | (np.abs(y - x) < 0.2)
    folder = tmp_path / "new" / "cross <7>"
    folder.mkdir(parents=True)
    for number in range(5):
        gray = np.where(shape, 30, 230) + random.normal(0, 10, shape.shape)
        Image.fromarray(np.clip(gray, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return folder.parent


def kedro(project: Path, monkeypatch, *arguments: str):
    bootstrap_project(project)
    monkeypatch.chdir(project)
    return CliRunner().invoke(kedro_run, ["--pipelines", "enrol", *arguments])


def fails(project: Path, monkeypatch, *arguments: str) -> str:
    """Return what `kedro run --pipelines enrol` says when it fails; it changes nothing."""
    before = len(versions(project, GALLERY))
    result = kedro(project, monkeypatch, *arguments)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert len(versions(project, GALLERY)) == before
    return " ".join(result.output.split())


def gallery(project: Path):
    return read_gallery(latest(project, GALLERY))


def images_of_gallery(project: Path) -> pd.DataFrame:
    return pd.read_parquet(latest(project, "07_model_output/gallery_embeddings.parquet"))


# The first gallery


def test_the_gallery_is_of_the_embedders_own_step(trained_once):
    card = json.loads((latest(trained_once, "06_models/embedder") / "card.json").read_text())
    embeddings = pd.read_parquet(latest(trained_once, "07_model_output/embeddings"))
    own = embeddings.query(f"step == {card['step']} and split == 'validation'")
    first = gallery(trained_once)
    assert first.class_names.tolist() == ["bar", "disc", "frame"]
    assert first.counts.tolist() == [3, 3, 3]
    columns = [name for name in own if name.startswith("e0")]
    centroids = own.groupby("class_name", observed=True)[columns].mean().to_numpy(float)
    np.testing.assert_allclose(first.centroids, centroids, rtol=1e-6)
    assert images_of_gallery(trained_once)["split"].value_counts().to_dict() == {
        "validation": 9,
        "test": 6,
    }


def test_embeddings_of_another_training_make_no_gallery(trained_once, trained, monkeypatch):
    for name in ("06_models/embedder", "07_model_output/embeddings"):
        source, target = (project / "data" / name for project in (trained_once, trained))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, copy_function=os.link)
    for file in latest(trained, "07_model_output/embeddings").rglob("*.parquet"):
        table = pd.read_parquet(file, partitioning=None)
        file.unlink()
        table.assign(e00=1 - table["e00"], e01=table["e00"]).to_parquet(file, index=False)
    bootstrap_project(trained)
    monkeypatch.chdir(trained)
    result = CliRunner().invoke(kedro_run, ["--pipelines", "gallery"])
    assert "are not of this embedder" in " ".join(result.output.split())


# Enrolment


def test_a_class_joins(trained, crosses):
    before = gallery(trained)
    run(trained, "enrol", images=str(crosses))
    assert len(versions(trained, GALLERY)) == 2
    after = gallery(trained)
    assert after.class_names.tolist() == ["bar", "cross <7>", "disc", "frame"]
    assert after.counts.tolist() == [3, 5, 3, 3]
    kept = [0, 2, 3]
    np.testing.assert_array_equal(after.centroids[kept], before.centroids)
    np.testing.assert_array_equal(after.radii[kept], before.radii)
    assert set(after.example_ids[1]) <= {f"cross <7>/{number}.png" for number in range(5)}
    assert len(after.example_ids[1]) == 2
    rule = json.loads(latest(trained, "07_model_output/decision_rule.json").read_text())
    assert rule["images"] == 14

    run(trained, "inference", images=str(crosses / "cross <7>"))
    found = predictions(trained)
    assert found["class_name"].eq("cross <7>").sum() >= 4
    assert found["nearest_example_1"].tolist() == [f"cross <7>/{number}.png" for number in range(5)]


def test_what_it_does_to_the_others_is_told(trained, crosses):
    run(trained, "enrol", images=str(crosses))
    summary = json.loads(latest(trained, "08_reporting/enrolment.json").read_text())
    report = summary["enrolled"]["cross <7>"]
    neighbours = pd.read_csv(latest(trained, "08_reporting/enrolment_neighbours.csv"))
    assert sorted(neighbours["class_name"]) == ["bar", "disc", "frame"]
    assert neighbours["distance"].is_monotonic_increasing
    assert report["nearest_class"] == neighbours["class_name"].iloc[0]
    assert summary["accuracy"]["images"] == report["others"]["images"] == 6
    changes = pd.read_csv(latest(trained, "08_reporting/enrolment_changes.csv"))
    assert changes["images"].tolist() == [2, 2, 2]
    lost = (changes["recall_before"] - changes["recall_after"]).mean()
    overall = summary["accuracy"]["before"] - summary["accuracy"]["after"]
    assert lost == pytest.approx(overall)


def test_a_flat_folder_with_a_name(trained, crosses):
    folder = crosses / "cross <7>"
    (folder / "deep").mkdir()
    shutil.copy(folder / "0.png", folder / "deep")
    run(trained, "enrol", images=str(folder), enrol={"class_name": "a cross"})
    after = gallery(trained)
    assert after.class_names.tolist() == ["a cross", "bar", "disc", "frame"]
    assert after.counts.tolist() == [6, 3, 3, 3]


def test_two_classes_at_once(trained, crosses):
    (crosses / "half").mkdir()
    for number in (0, 1):
        shutil.copy(crosses / "cross <7>" / f"{number}.png", crosses / "half")
    run(trained, "enrol", images=str(crosses))
    assert gallery(trained).counts.tolist() == [3, 5, 3, 3, 2]


def test_one_image_and_names_of_any_kind(trained, crosses, tmp_path, monkeypatch):
    names = ["  spaces ", "007", "NA", "null", 'a\tb, "c"', "浮游生物", "=1+1"]
    for number, name in enumerate(names):
        (crosses / name).mkdir()
        shutil.copy(crosses / "cross <7>" / f"{number % 5}.png", crosses / name / "only.png")
    result = kedro(trained, monkeypatch, "--params", f"images={crosses}")
    assert result.exit_code == 0, result.output
    after = gallery(trained)
    assert {*names} < {*after.class_names.tolist()}
    assert after.counts[after.position("NA")] == 1
    assert after.radii[after.position("NA")] == 0
    summary = json.loads(latest(trained, "08_reporting/enrolment.json").read_text())
    for name in names:
        report = summary["enrolled"][name]
        assert (report["images"], report["own_recall"]) == (1, None)
        assert "it has one image only" in report["warning"]
    told = pd.read_csv(
        latest(trained, "08_reporting/enrolment_neighbours.csv"), dtype=str, keep_default_na=False
    )
    assert {*told["enrolled"]} == {*names, "cross <7>"}
    # Each one's only image is nearest to it or to the class of its copies.
    run(trained, "inference", images=str(crosses))
    for table in ("class_predictions.csv", "ecotaxa_predictions.tsv"):
        column = "class_name" if table.endswith("csv") else "object_prediction"
        text = pd.read_csv(
            latest(trained, f"07_model_output/{table}"),
            sep="," if table.endswith("csv") else "\t",
            dtype=str,
            keep_default_na=False,
        )
        text = text[text[column] != "[t]"]
        assert text[column].tolist() == predictions(trained)["class_name"].tolist()


def test_a_class_that_cannot_be_told_apart(trained, trained_once, tmp_path, monkeypatch):
    twins = tmp_path / "twins" / "bar again"
    shutil.copytree(trained_once.parent / "images" / "bar", twins)
    result = kedro(trained, monkeypatch, "--params", f"images={twins.parent}")
    assert result.exit_code == 0, result.output
    summary = json.loads(latest(trained, "08_reporting/enrolment.json").read_text())
    warning = summary["enrolled"]["bar again"]["warning"]
    assert "'bar again' cannot be told apart" in warning
    assert "'bar'" in warning


def test_what_cannot_be_read_is_told_and_left_out(trained, crosses, monkeypatch, caplog):
    (crosses / "cross <7>" / "4.png").write_text("text")
    run(trained, "enrol", images=str(crosses))
    assert "Not enrolled: cross <7>/4.png: not an image of a known format" in caplog.text
    assert gallery(trained).counts.tolist() == [3, 4, 3, 3]
    (crosses / "texts").mkdir()
    (crosses / "texts" / "0.png").write_text("text")
    shutil.rmtree(crosses / "cross <7>")
    said = fails(trained, monkeypatch, "--params", f"images={crosses}")
    assert "no readable image of 'texts'" in said


def test_folders_that_hold_no_class(trained, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "empty holds nothing" in fails(trained, monkeypatch, "--params", f"images={empty}")
    (empty / "a class").mkdir()
    said = fails(trained, monkeypatch, "--params", f"images={empty}")
    assert "no readable image of 'a class'" in said
    os.mkdir(os.fsencode(empty) + b"/\xff")
    said = fails(trained, monkeypatch, "--params", f"images={empty}")
    assert "is not UTF-8. Rename it." in said


def test_a_class_that_is_there(trained, trained_once, tmp_path, monkeypatch, caplog):
    more = tmp_path / "more"
    shutil.copytree(trained_once.parent / "images" / "disc", more / "disc")
    said = fails(trained, monkeypatch, "--params", f"images={more}")
    assert "the gallery has the class 'disc'" in said
    assert "existing_classes to extend" in said
    # The folder of the training, which is read where no other is named.
    said = fails(trained, monkeypatch)
    assert "the gallery has the class 'bar' and 2 more" in said
    run(trained, "enrol", images=str(more), enrol={"existing_classes": "extend"})
    # Of its ten images three made the gallery and two judge it.
    assert gallery(trained).counts.tolist() == [3, 8, 3]
    assert caplog.text.count("its class has it already, as disc/") == 5
    extend = ("--params", f"images={more},enrol.existing_classes=extend")
    assert "have all 10 images already" in fails(trained, monkeypatch, *extend)
    table = images_of_gallery(trained)
    assert table["split"].value_counts().to_dict() == {"validation": 9, "test": 6, "enrolled": 5}
    assert table["image_id"].is_unique
    of_class = table[(table["class_name"] == "disc") & (table["split"] != "test")]
    columns = [name for name in table if name.startswith("e0")]
    np.testing.assert_allclose(
        gallery(trained).centroids[1], of_class[columns].to_numpy(float).mean(axis=0), rtol=1e-6
    )


def test_an_embedder_that_the_gallery_is_not_of(trained, crosses, monkeypatch):
    path = latest(trained, "06_models/embedder") / "card.json"
    card = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps(card | {"seed": 99}))
    said = fails(trained, monkeypatch, "--params", f"images={crosses}")
    assert "different embedders cannot be compared" in said


def test_no_gallery_yet(trained, crosses, monkeypatch):
    for name in ("class_gallery", "gallery_embeddings.parquet"):
        shutil.rmtree(trained / "data" / "07_model_output" / name)
    said = fails(trained, monkeypatch, "--params", f"images={crosses}")
    assert "there is no class_gallery, gallery_embeddings yet" in said
    assert "`kedro run --pipelines gallery`" in said


# Removing and renaming


def test_a_class_leaves_and_another_gets_a_new_name(trained, monkeypatch, caplog):
    before = gallery(trained)
    # No image is read.
    result = kedro(
        trained, monkeypatch, "--params", "enrol.remove=[disc],enrol.rename={bar: a bar/NA}"
    )
    assert result.exit_code == 0, result.output
    after = gallery(trained)
    assert after.class_names.tolist() == ["a bar/NA", "frame"]
    np.testing.assert_array_equal(after.centroids, before.centroids[[0, 2]])
    assert set(images_of_gallery(trained)["class_name"]) == {"a bar/NA", "frame"}
    rule = json.loads(latest(trained, "07_model_output/decision_rule.json").read_text())
    assert rule["images"] == 6
    summary = json.loads(latest(trained, "08_reporting/enrolment.json").read_text())
    assert summary["removed"] == ["disc"]
    assert summary["renamed"] == {"bar": "a bar/NA"}
    assert "Removed 'disc'" in caplog.text
    assert "Renamed 'bar' to 'a bar/NA'" in caplog.text


def test_two_classes_swap_names(trained):
    before = gallery(trained)
    run(trained, "enrol", enrol={"rename": {"bar": "disc", "disc": "bar"}})
    np.testing.assert_array_equal(gallery(trained).centroids, before.centroids[[1, 0, 2]])
    labels = images_of_gallery(trained).set_index("image_id")["class_name"]
    assert labels[labels.index.str.startswith("bar/")].eq("disc").all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("enrol.remove=[bars]", "no class 'bars'; the nearest of its 3 names: 'bar'"),
        ("enrol.rename={bars: x}", "no class 'bars'"),
        ("enrol.rename={bar: disc}", "the gallery has a class 'disc' already"),
        ("enrol.remove=[bar],enrol.rename={bar: x}", "'bar' cannot be both removed and renamed"),
        ("enrol.remove=[bar],enrol.class_name=x", "either enrols images"),
    ],
)
def test_changes_that_cannot_be(trained, monkeypatch, change, said):
    assert said in fails(trained, monkeypatch, "--params", change)


def test_one_class_stays(trained):
    with pytest.raises(GalleryError, match="only class of the gallery: it must keep one"):
        run(trained, "enrol", enrol={"remove": ["bar", "disc", "frame"]})
    assert len(versions(trained, GALLERY)) == 1
    run(trained, "enrol", enrol={"remove": ["disc", "frame"]})
    assert gallery(trained).class_names.tolist() == ["bar"]
    # A rule of one class, too, classifies.
    run(trained, "inference")
    assert predictions(trained)["class_name"].eq("bar").all()
    assert predictions(trained)["confidence"].eq(1).all()


def test_an_earlier_gallery_can_be_taken_up(trained, crosses, monkeypatch):
    first = latest(trained, GALLERY).parent.name
    run(trained, "enrol", images=str(crosses))
    arguments = [
        "--load-versions",
        f"earlier_class_gallery:{first},earlier_gallery_embeddings:{first}",
    ]
    result = kedro(trained, monkeypatch, *arguments, "--params", "enrol.remove=[disc]")
    assert result.exit_code == 0, result.output
    assert gallery(trained).class_names.tolist() == ["bar", "frame"]
