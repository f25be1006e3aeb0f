import os
from pathlib import Path

import pytest

from plankton_embedding.images.listing import list_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.source import ImageSource, ImageSourceError
from plankton_embedding.parameters import SourceOptions
from tiny_project import tiny_values

OPTIONS = SourceOptions.model_validate(tiny_values(Path())["source"])


def _list(root: Path) -> ImageSource:
    return list_images(open_location(str(root)), OPTIONS)


def _listed(root: Path) -> list[tuple[str, str]]:
    files = _list(root).files
    return list(zip(files["image_id"], files["class_name"], strict=True))


def _misplaced(root: Path) -> dict[str, tuple[str, str]]:
    files = _list(root).files
    misplaced = files[files["reason"] != ""].set_index("image_id")
    return {
        image_id: (row["class_name"], row["reason"])
        for image_id, row in misplaced[["class_name", "reason"]].iterrows()
    }


ALL_FOUR = [
    ("algae/0.png", "algae"),
    ("algae/1.png", "algae"),
    ("copepod/0.png", "copepod"),
    ("copepod/1.png", "copepod"),
]


def test_files_are_listed_in_order_with_their_classes(two_classes):
    folder = _list(two_classes)
    assert str(folder.location) == str(two_classes)
    assert folder.class_names == ("algae", "copepod")
    assert _listed(two_classes) == ALL_FOUR
    assert _misplaced(two_classes) == {}


def test_a_relative_folder_lists_the_same(two_classes, monkeypatch):
    monkeypatch.chdir(two_classes.parent)
    assert _listed(Path("images")) == ALL_FOUR
    monkeypatch.chdir(two_classes)
    assert _listed(Path()) == ALL_FOUR


def test_a_missing_folder_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ImageSourceError, match=r"nowhere does not exist.*--params images=FOLDER"):
        _list(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder_is_named(tmp_path):
    path = tmp_path / "images.png"
    path.write_bytes(b"PK")
    with pytest.raises(ImageSourceError, match=r"images\.png is a file.*one folder a class"):
        _list(path)


def test_an_empty_folder_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ImageSourceError, match=r"holds nothing.*Put the images of each class into"):
        _list(tmp_path)


def test_images_without_class_folders_are_counted_and_refused(tmp_path, write_image):
    for number in range(3):
        write_image(tmp_path / "flat" / f"{number}.png", number)
    with pytest.raises(ImageSourceError, match=r"flat holds 3 files but no class folder.*Put the"):
        _list(tmp_path / "flat")


def test_a_folder_that_cannot_be_read_is_named(two_classes, forbid):
    forbid(two_classes / "copepod")
    with pytest.raises(ImageSourceError, match=r"copepod cannot be read: Permission denied\. Mend"):
        _list(two_classes)


def test_an_empty_class_folder_is_a_class(two_classes):
    (two_classes / "diatom").mkdir()
    assert _list(two_classes).class_names == ("algae", "copepod", "diatom")
    assert _listed(two_classes) == ALL_FOUR


def test_files_out_of_place_are_listed_with_the_reason(two_classes, write_image):
    write_image(two_classes / "overview.png")
    write_image(two_classes / "algae" / "more" / "2.png")
    write_image(two_classes / "algae" / "more" / "deep" / "3.png")
    assert _misplaced(two_classes) == {
        "overview.png": ("", "not in a class folder"),
        "algae/more/2.png": ("algae", "in a folder inside a class folder"),
        "algae/more/deep/3.png": ("algae", "in a folder inside a class folder"),
    }
    assert len(_listed(two_classes)) == 7
    assert _list(two_classes).class_names == ("algae", "copepod")


def test_a_hidden_folder_is_no_class_and_its_files_are_listed(two_classes, write_image):
    write_image(two_classes / ".thumbnails" / "0.png")
    assert _list(two_classes).class_names == ("algae", "copepod")
    assert _misplaced(two_classes) == {".thumbnails/0.png": ("", "not in a class folder")}


def test_only_hidden_folders_are_no_class_folder(tmp_path, write_image):
    write_image(tmp_path / ".cache" / "0.png")
    with pytest.raises(ImageSourceError, match="1 files but no class folder"):
        _list(tmp_path)


def test_class_names_are_kept_as_they_are(tmp_path, write_image):
    names = [" Calanus sp.", "007", "NA", "null", "Öfter größer", "浮游生物"]
    for name in names:
        write_image(tmp_path / name / "0.png")
    assert _list(tmp_path).class_names == tuple(sorted(names))
    assert _listed(tmp_path) == [(f"{name}/0.png", name) for name in sorted(names)]


def test_a_linked_class_folder_is_a_class(two_classes, tmp_path, write_image):
    write_image(tmp_path / "elsewhere" / "2.png")
    (two_classes / "diatom").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert _list(two_classes).class_names == ("algae", "copepod", "diatom")
    assert _listed(two_classes) == [*ALL_FOUR, ("diatom/2.png", "diatom")]


def test_a_linked_folder_of_class_folders_lists_the_same(two_classes, tmp_path):
    (tmp_path / "link").symlink_to(two_classes, target_is_directory=True)
    assert _listed(tmp_path / "link") == ALL_FOUR


@pytest.mark.parametrize("target", [".", "..", "../algae", "../../images/copepod"])
def test_a_link_to_a_folder_listed_already_is_not_followed(two_classes, target):
    (two_classes / "copepod" / "link").symlink_to(target, target_is_directory=True)
    assert _listed(two_classes) == ALL_FOUR


def test_two_names_for_one_class_folder_are_refused(two_classes):
    (two_classes / "zoo").symlink_to("algae", target_is_directory=True)
    with pytest.raises(ImageSourceError, match=r"'zoo' in .* is the class folder 'algae' under"):
        _list(two_classes)


def test_a_class_folder_that_links_to_the_image_folder_is_refused(two_classes):
    (two_classes / "images").symlink_to(".", target_is_directory=True)
    with pytest.raises(ImageSourceError, match=r"'images' in .* is the image folder itself"):
        _list(two_classes)


def test_a_broken_link_is_listed_as_a_file(two_classes):
    (two_classes / "algae" / "gone.png").symlink_to("nowhere.png")
    (two_classes / "algae" / "loop.png").symlink_to("loop.png")
    (two_classes / "gone").symlink_to("nowhere", target_is_directory=True)
    assert _list(two_classes).class_names == ("algae", "copepod")
    added = set(_listed(two_classes)) - set(ALL_FOUR)
    assert added == {("algae/gone.png", "algae"), ("algae/loop.png", "algae"), ("gone", "")}


def test_a_class_folder_whose_name_is_not_utf8_is_named(two_classes):
    try:
        (two_classes / os.fsdecode("Größe".encode("latin-1"))).mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(ImageSourceError, match=r"Gr\\udcf6\\udcdfe.*not UTF-8\. Rename it"):
        _list(two_classes)
