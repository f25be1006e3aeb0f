"""A glance at raw images: a few of many classes, whatever else lies there."""

from pathlib import Path

from plankton_embedding.images import glance
from plankton_embedding.images.glance import glance_at
from plankton_embedding.images.location import open_location


def names(place, most):
    return [name for name, _ in glance_at(open_location(str(place)), most)]


def test_one_of_each_class_comes_before_the_second_of_any(image_folder):
    found = names(image_folder, 5)
    assert [Path(name).parent.name for name in found] == ["bar", "disc", "frame", "bar", "disc"]
    assert len(set(found)) == 5


def test_pixels_are_those_of_the_file(image_folder):
    ((_, plane),) = glance_at(open_location(str(image_folder)), 1)
    assert plane.shape == (40, 40)
    assert plane.min() < 120 < 200 < plane.max()


def test_images_beside_class_folders_are_seen(tmp_path, image_folder):
    (tmp_path / "one.png").write_bytes((image_folder / "bar" / "00.png").read_bytes())
    assert names(tmp_path, 9) == ["one.png"]


def test_files_that_are_no_images_are_passed_over(tmp_path, image_folder):
    (tmp_path / "bar").mkdir()
    (tmp_path / "bar" / "a.txt").write_text("no image")
    (tmp_path / "bar" / "b.png").write_bytes((image_folder / "bar" / "00.png").read_bytes())
    assert names(tmp_path, 9) == ["bar/b.png"]


def test_no_more_files_are_opened_than_are_shown(image_folder, monkeypatch):
    opened = []
    read = glance.read_file
    monkeypatch.setattr(
        glance, "read_file", lambda system, path: opened.append(path) or read(system, path)
    )
    names(image_folder, 4)
    assert len(opened) == 4
