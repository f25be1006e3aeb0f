"""The embedded sample is drawn whole, once, and the same from the same seed."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plankton_embedding.images import sample
from plankton_embedding.images.sample_shapes import CLASSES, Random

TWO_EACH = (2, 2)


def _contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "nested" / "images"
    sample.draw_sample(directory, 0, TWO_EACH)
    return directory


@pytest.fixture
def few_classes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Only three of the classes, where a test is about files and not about drawings."""
    names = list(CLASSES)[:3]
    monkeypatch.setattr(sample, "CLASSES", {name: CLASSES[name] for name in names})
    return names


def test_sample_is_27_class_folders_and_nothing_else(drawn: Path) -> None:
    folders = sorted(drawn.iterdir())
    assert [folder.name for folder in folders] == sorted(CLASSES)
    assert len(folders) == 27
    for folder in folders:
        names = [f"{folder.name}_001.png", f"{folder.name}_002.png"]
        assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.name for path in drawn.parent.iterdir()] == [drawn.name]


def test_images_are_gray_vignettes_dark_on_white(drawn: Path) -> None:
    for path in drawn.glob("*/*.png"):
        with Image.open(path) as image:
            assert image.mode == "L"
            assert image.format == "PNG"
            assert "synthetic" in image.info["Description"]
            assert min(image.size) >= 30
            assert max(image.size) <= 300
            pixels = np.asarray(image)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert np.median(border) > 225, path
        assert np.mean(pixels < 215) > 0.01, path


@pytest.mark.parametrize("name", CLASSES)
def test_sizes_stay_within_30_and_300_pixels(name: str) -> None:
    for seed in range(4):
        parts, (width, height) = sample._pose(
            CLASSES[name](np.random.default_rng(seed)), np.random.default_rng(seed)
        )
        points = np.concatenate([outline for part in parts for outline in part.outlines])
        assert 30 <= width <= 300
        assert 30 <= height <= 300
        assert points.min() > 0
        assert (points < [width, height]).all()


def test_same_seed_draws_the_same_bytes(drawn: Path, tmp_path: Path) -> None:
    sample.draw_sample(tmp_path / "again", 0, TWO_EACH)
    assert _contents(tmp_path / "again") == _contents(drawn)


def test_another_seed_draws_every_image_anew(
    few_classes: list[str], drawn: Path, tmp_path: Path
) -> None:
    sample.draw_sample(tmp_path / "other", 1, TWO_EACH)
    other = _contents(tmp_path / "other")
    assert len(other) == 6
    for name in other:
        with Image.open(tmp_path / "other" / name) as new, Image.open(drawn / name) as old:
            assert new.tobytes() != old.tobytes()


def test_more_images_leave_the_first_ones_as_they_were(
    few_classes: list[str], drawn: Path, tmp_path: Path
) -> None:
    sample.draw_sample(tmp_path / "more", 0, (3, 3))
    more, fewer = _contents(tmp_path / "more"), _contents(drawn)
    assert len(more) == 9
    shared = more.keys() & fewer.keys()
    assert len(shared) == 6
    assert all(more[name] == fewer[name] for name in shared)


def test_counts_span_the_range_and_include_both_ends() -> None:
    counts = {sample._count(seed, name, (4, 6)) for seed in range(3) for name in CLASSES}
    assert counts == {4, 5, 6}


def test_second_call_draws_nothing_and_says_so(
    few_classes: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert f"drew 6 images of 3 classes (seed 0) into {tmp_path / 'images'}" in caplog.text
    monkeypatch.delattr(sample, "draw_image")
    sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert "already holds the sample of seed 0: nothing drawn" in caplog.text


def test_interrupted_drawing_is_begun_again(
    few_classes: list[str], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, draw_image = tmp_path / "images", sample.draw_image

    def interrupted(name: str, random: Random) -> Image.Image:
        if name == few_classes[1]:
            raise KeyboardInterrupt
        return draw_image(name, random)

    monkeypatch.setattr(sample, "draw_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sample.draw_sample(directory, 0, TWO_EACH)
    assert not directory.exists()
    assert list(tmp_path.glob("images.partial/**/*.png"))

    monkeypatch.setattr(sample, "draw_image", draw_image)
    sample.draw_sample(directory, 0, TWO_EACH)
    expected = {k: v for k, v in _contents(drawn).items() if k.split("/")[0] in few_classes}
    assert _contents(directory) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


@pytest.mark.parametrize("foreign", ["notes.txt", "copepod/copepod_001.png", "bell__pointed/1.png"])
@pytest.mark.parametrize("where", ["images", "images.partial"])
def test_foreign_files_are_refused_and_left_alone(
    few_classes: list[str], tmp_path: Path, foreign: str, where: str
) -> None:
    path = tmp_path / where / foreign
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(FileExistsError, match=where):
        sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert _contents(tmp_path) == {f"{where}/{foreign}": b"mine"}


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("mine")
    with pytest.raises(FileExistsError, match="not a drawn sample"):
        sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert _contents(tmp_path) == {"images": b"mine"}


def test_an_empty_directory_is_filled(few_classes: list[str], tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert len(_contents(tmp_path / "images")) == 6


@pytest.mark.parametrize(
    ("seed", "images_per_class", "message"),
    [(1, TWO_EACH, "the sample of seed 1"), (0, (3, 3), "3 missing, 0 unknown")],
)
def test_another_sample_in_the_way_is_refused(
    few_classes: list[str],
    tmp_path: Path,
    seed: int,
    images_per_class: tuple[int, int],
    message: str,
) -> None:
    sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    before = _contents(tmp_path)
    with pytest.raises(FileExistsError, match=message):
        sample.draw_sample(tmp_path / "images", seed, images_per_class)
    assert _contents(tmp_path) == before


def test_a_sample_with_a_lost_image_is_not_whole(few_classes: list[str], tmp_path: Path) -> None:
    sample.draw_sample(tmp_path / "images", 0, TWO_EACH)
    next((tmp_path / "images" / few_classes[2]).iterdir()).unlink()
    with pytest.raises(FileExistsError, match="1 missing"):
        sample.draw_sample(tmp_path / "images", 0, TWO_EACH)


@pytest.mark.parametrize(("seed", "images_per_class"), [(-1, TWO_EACH), (0, (0, 2)), (0, (3, 2))])
def test_impossible_options_are_refused(
    tmp_path: Path, seed: int, images_per_class: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="must be"):
        sample.draw_sample(tmp_path / "images", seed, images_per_class)
    assert not list(tmp_path.iterdir())


def test_command_line_explains_a_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit) as stop:
        sample.main([str(tmp_path)])
    assert stop.value.code == 2
    assert "is not a drawn sample: choose another directory" in capsys.readouterr().err
