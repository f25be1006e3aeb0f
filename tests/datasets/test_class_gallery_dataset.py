"""The class gallery in a catalogue, with versions."""

import pytest
from kedro.io import DataCatalog, DatasetError

from plankton_embedding.analysis.gallery import GalleryError, fit_gallery
from plankton_embedding.analysis.gallery_changes import enrol_class
from plankton_embedding.errors import find_user_error

FIRST, SECOND = "2026-01-01T00.00.00.000Z", "2026-01-02T00.00.00.000Z"


def catalog(folder, save_version):
    entry = {
        "type": "plankton_embedding.datasets.class_gallery_dataset.ClassGalleryDataset",
        "filepath": str(folder / "class_gallery"),
        "versioned": True,
    }
    return DataCatalog.from_config({"class_gallery": entry}, save_version=save_version)


@pytest.fixture
def gallery():
    ids = ["1.png", "2.png", "3.png"]
    return fit_gallery([[0.0], [2.0], [9.0]], ["<b>", "<b>", "NA"], ids, "net", 2)


def test_each_save_is_a_version_and_the_last_is_loaded(gallery, tmp_path):
    catalog(tmp_path, FIRST)["class_gallery"].save(gallery)
    enrolled = enrol_class(gallery, "new", [[5.0]], ["4.png"], 2)
    catalog(tmp_path, SECOND)["class_gallery"].save(enrolled)
    loaded = catalog(tmp_path, None)["class_gallery"].load()
    assert loaded.class_names.tolist() == ["<b>", "NA", "new"]
    assert (tmp_path / "class_gallery" / FIRST / "class_gallery" / "gallery.json").exists()


def test_preview_shows_the_classes(gallery, tmp_path):
    dataset = catalog(tmp_path, FIRST)["class_gallery"]
    dataset.save(gallery)
    preview = catalog(tmp_path, None)["class_gallery"].preview()
    assert preview["columns"] == ["class_name", "images", "radius", "nearest examples"]
    assert preview["data"] == [["<b>", 2, 1.0, "1.png, 2.png"], ["NA", 1, 0.0, "3.png"]]


def test_a_damaged_gallery_is_an_error_of_the_user(gallery, tmp_path):
    catalog(tmp_path, FIRST)["class_gallery"].save(gallery)
    (tmp_path / "class_gallery" / FIRST / "class_gallery" / "gallery.json").write_text("{}")
    with pytest.raises(DatasetError) as caught:
        catalog(tmp_path, None)["class_gallery"].load()
    assert isinstance(find_user_error(caught.value), GalleryError)
    assert "gallery.json" in str(find_user_error(caught.value))
