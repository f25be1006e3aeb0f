"""The class gallery on disk."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.gallery import GalleryError, fit_gallery
from plankton_embedding.analysis.gallery_files import read_gallery, write_gallery

HOSTILE = [
    "NA",
    "007",
    "a/b\\c",
    "<script>alert(1)</script>",
    "é中🦐",
    "x" * 60,
    "  two  spaces ",
    "n\nl",
]


@pytest.fixture
def gallery():
    random = np.random.default_rng(1)
    labels = [*HOSTILE, *random.choice(HOSTILE, 40)]
    ids = [f'<b>{row}</b>, "{row}"' for row in range(len(labels))]
    return fit_gallery(random.normal(size=(len(labels), 3)), labels, ids, "net é", 3)


def edit_header(folder, **changes):
    path = folder / "gallery.json"
    header = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps({k: v for k, v in header.items() if v is not None}), "utf-8")


def test_a_gallery_comes_back_bit_for_bit(gallery, tmp_path):
    write_gallery(tmp_path / "new" / "folder", gallery)
    back = read_gallery(tmp_path / "new" / "folder")
    assert back.example_ids == gallery.example_ids
    assert back.embedder_fingerprint == "net é"
    for name in ("class_names", "centroids", "radii", "counts", "covariances"):
        before, after = getattr(gallery, name), getattr(back, name)
        assert after.dtype == before.dtype
        assert np.array_equal(after, before)


def test_smallest_gallery_comes_back(tmp_path):
    write_gallery(tmp_path, fit_gallery([[0.5]], ["only"], ["1.png"], "net", 0))
    back = read_gallery(tmp_path)
    assert back.class_names.tolist() == ["only"]
    assert back.covariances.shape == (1, 1, 1)
    assert back.example_ids == ((),)


def test_a_new_gallery_replaces_the_old_one(gallery, tmp_path):
    write_gallery(tmp_path, gallery)
    write_gallery(tmp_path, fit_gallery([[0.5]], ["only"], ["1.png"], "net", 1))
    assert read_gallery(tmp_path).class_names.tolist() == ["only"]


def test_classes_are_a_plain_table(gallery, tmp_path):
    write_gallery(tmp_path, gallery)
    table = pd.read_parquet(tmp_path / "classes.parquet")
    assert list(table) == [
        "class_name",
        "images",
        "radius",
        "centroid",
        "covariance",
        "example_ids",
    ]
    assert table["class_name"].tolist() == sorted(HOSTILE)
    np.testing.assert_array_equal(table["covariance"][2].reshape(3, 3), gallery.covariances[2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classes.parquet", "gallery.json"]


def test_without_its_header_it_is_no_gallery(gallery, tmp_path):
    with pytest.raises(GalleryError, match=r"gallery\.json.*no complete class gallery"):
        read_gallery(tmp_path / "nowhere")
    write_gallery(tmp_path, gallery)
    (tmp_path / "classes.parquet").unlink()
    with pytest.raises(GalleryError, match=r"classes\.parquet cannot be read"):
        read_gallery(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 2}, "format_version"),
        ({"features": "three"}, "features"),
        ({"features": 0}, "features"),
        ({"classes": None}, "classes"),
        ({"note": "mine"}, "note"),
    ],
)
def test_an_edited_header_is_named_with_the_field(gallery, tmp_path, changes, words):
    write_gallery(tmp_path, gallery)
    edit_header(tmp_path, **changes)
    with pytest.raises(GalleryError, match=rf"gallery\.json is not the header.*{words}"):
        read_gallery(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00\xff"])
def test_a_header_that_is_no_json_is_named(gallery, tmp_path, text):
    write_gallery(tmp_path, gallery)
    (tmp_path / "gallery.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(GalleryError, match=r"gallery\.json is not the header"):
        read_gallery(tmp_path)


def test_a_fingerprint_written_by_hand_is_noticed(gallery, tmp_path):
    write_gallery(tmp_path, gallery)
    edit_header(tmp_path, embedder_fingerprint="another net")
    with pytest.raises(GalleryError, match="do not belong together"):
        read_gallery(tmp_path)


@pytest.mark.parametrize("changes", [{"features": 4}, {"classes": 7}])
def test_a_header_of_another_shape_is_noticed(gallery, tmp_path, changes):
    write_gallery(tmp_path, gallery)
    edit_header(tmp_path, **changes)
    with pytest.raises(GalleryError, match=r"classes\.parquet cannot be read: it does not hold"):
        read_gallery(tmp_path)


def test_an_edited_or_damaged_table_is_noticed(gallery, tmp_path):
    write_gallery(tmp_path, gallery)
    path = tmp_path / "classes.parquet"
    whole = path.read_bytes()
    pd.read_parquet(path).head(4).to_parquet(path)
    with pytest.raises(GalleryError, match=r"classes\.parquet and .*gallery\.json do not belong"):
        read_gallery(tmp_path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GalleryError, match=r"classes\.parquet and .*gallery\.json do not belong"):
        read_gallery(tmp_path)


def test_a_name_that_is_no_text_is_refused_by_name(tmp_path):
    name = os.fsdecode(b"copepod\xff")
    with pytest.raises(GalleryError, match=r"copepod.*not valid text"):
        write_gallery(tmp_path, fit_gallery([[0.5]], [name], ["1.png"], "net", 1))
    assert not (tmp_path / "gallery.json").exists()
