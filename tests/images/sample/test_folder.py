"""The sample is drawn whole, once, and the same from the same seed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from plankton_embedding.images.sample import draw_sample, folder
from plankton_embedding.images.sample.classes import CLASSES
from plankton_embedding.images.sample.parts import Part, Random

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
    draw_sample(directory, 0, TWO_EACH)
    return directory


@pytest.fixture
def few_classes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Only three of the classes, where a test is about files and not about drawings."""
    names = list(CLASSES)[:3]
    monkeypatch.setattr(folder, "CLASSES", {name: CLASSES[name] for name in names})
    return names


def test_sample_is_27_class_folders_and_nothing_else(drawn: Path) -> None:
    class_folders = sorted(drawn.iterdir())
    assert [found.name for found in class_folders] == sorted(CLASSES)
    assert len(class_folders) == 27
    for found in class_folders:
        names = [f"{found.name}_001.png", f"{found.name}_002.png"]
        assert sorted(path.name for path in found.iterdir()) == names
    assert [path.name for path in drawn.parent.iterdir()] == [drawn.name]


def test_every_file_is_a_gray_png_that_says_what_it_is(drawn: Path) -> None:
    for path in drawn.glob("*/*.png"):
        with Image.open(path) as image:
            assert image.mode == "L"
            assert image.format == "PNG"
            assert image.info["Description"].startswith("synthetic: drawn by plankton_embedding")
            assert image.info["Description"].endswith("seed 0")


def test_same_seed_draws_the_same_bytes(drawn: Path, tmp_path: Path) -> None:
    draw_sample(tmp_path / "again", 0, TWO_EACH)
    assert _contents(tmp_path / "again") == _contents(drawn)


def test_another_seed_draws_every_image_anew(
    few_classes: list[str], drawn: Path, tmp_path: Path
) -> None:
    draw_sample(tmp_path / "other", 1, TWO_EACH)
    other = _contents(tmp_path / "other")
    assert len(other) == 6
    for name in other:
        with Image.open(tmp_path / "other" / name) as new, Image.open(drawn / name) as old:
            assert new.tobytes() != old.tobytes()


def test_more_images_leave_the_first_ones_as_they_were(
    few_classes: list[str], drawn: Path, tmp_path: Path
) -> None:
    draw_sample(tmp_path / "more", 0, (3, 3))
    more, fewer = _contents(tmp_path / "more"), _contents(drawn)
    assert len(more) == 9
    shared = more.keys() & fewer.keys()
    assert len(shared) == 6
    assert all(more[name] == fewer[name] for name in shared)


def test_counts_span_the_range_and_include_both_ends() -> None:
    counts = {folder._count(seed, name, (4, 6)) for seed in range(3) for name in CLASSES}
    assert counts == {4, 5, 6}


def test_second_call_draws_nothing_and_says_so(
    few_classes: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert f"drew 6 images of 3 classes (seed 0) into {tmp_path / 'images'}" in caplog.text
    monkeypatch.delattr(folder, "draw_vignette")
    draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert "already holds the sample of seed 0: nothing drawn" in caplog.text


def test_interrupted_drawing_is_begun_again(
    few_classes: list[str], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "images"

    def interrupted(random: Random) -> list[Part]:
        raise KeyboardInterrupt

    with monkeypatch.context() as interruption:
        interruption.setitem(folder.CLASSES, few_classes[1], interrupted)
        with pytest.raises(KeyboardInterrupt):
            draw_sample(directory, 0, TWO_EACH)
    assert not directory.exists()
    assert list(tmp_path.glob("images.partial/**/*.png"))

    draw_sample(directory, 0, TWO_EACH)
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
        draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert _contents(tmp_path) == {f"{where}/{foreign}": b"mine"}


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("mine")
    with pytest.raises(FileExistsError, match="not a drawn sample"):
        draw_sample(tmp_path / "images", 0, TWO_EACH)
    assert _contents(tmp_path) == {"images": b"mine"}


def test_an_empty_directory_is_filled(few_classes: list[str], tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    draw_sample(tmp_path / "images", 0, TWO_EACH)
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
    draw_sample(tmp_path / "images", 0, TWO_EACH)
    before = _contents(tmp_path)
    with pytest.raises(FileExistsError, match=message):
        draw_sample(tmp_path / "images", seed, images_per_class)
    assert _contents(tmp_path) == before


def test_a_sample_with_a_lost_image_is_not_whole(few_classes: list[str], tmp_path: Path) -> None:
    draw_sample(tmp_path / "images", 0, TWO_EACH)
    next((tmp_path / "images" / few_classes[2]).iterdir()).unlink()
    with pytest.raises(FileExistsError, match="1 missing"):
        draw_sample(tmp_path / "images", 0, TWO_EACH)


@pytest.mark.parametrize(("seed", "images_per_class"), [(-1, TWO_EACH), (0, (0, 2)), (0, (3, 2))])
def test_impossible_options_are_refused(
    tmp_path: Path, seed: int, images_per_class: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="must be"):
        draw_sample(tmp_path / "images", seed, images_per_class)
    assert not list(tmp_path.iterdir())
