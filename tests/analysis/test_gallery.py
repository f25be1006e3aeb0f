"""The class gallery: made, changed, refused."""

import numpy as np
import pytest

from plankton_embedding.analysis.centroids import classify
from plankton_embedding.analysis.gallery import (
    GalleryError,
    check_fingerprint,
    fit_gallery,
)
from plankton_embedding.analysis.gallery_changes import (
    enrol_class,
    remove_class,
    rename_classes,
)


@pytest.fixture
def labelled():
    random = np.random.default_rng(3)
    labels = random.choice(["b", "a", "c"], 60, p=[0.6, 0.3, 0.1])
    return random.normal(size=(60, 3)), labels, [f"{row}.png" for row in range(60)]


def line(positions, labels, examples=2):
    """Return a gallery of one-dimensional vectors, the images named after their positions."""
    vectors = np.array(positions, dtype=float)[:, np.newaxis]
    return fit_gallery(vectors, labels, [f"at {place}" for place in positions], "net", examples)


def assert_same(gallery, other):
    assert gallery.class_names.tolist() == other.class_names.tolist()
    assert gallery.counts.tolist() == other.counts.tolist()
    assert gallery.example_ids == other.example_ids
    assert gallery.embedder_fingerprint == other.embedder_fingerprint
    for name in ("centroids", "radii", "covariances"):
        np.testing.assert_allclose(getattr(gallery, name), getattr(other, name), atol=1e-12)


def test_gallery_agrees_with_a_loop_over_classes_and_images(labelled):
    vectors, labels, ids = labelled
    gallery = fit_gallery(vectors, labels, ids, "net", 4)
    assert gallery.class_names.tolist() == ["a", "b", "c"]
    for place, name in enumerate(gallery.class_names):
        rows = [row for row in range(60) if labels[row] == name]
        mean = sum(vectors[row] for row in rows) / len(rows)
        distance = {row: np.sqrt(((vectors[row] - mean) ** 2).sum()) for row in rows}
        nearest = sorted(rows, key=distance.__getitem__)[:4]
        np.testing.assert_allclose(gallery.centroids[place], mean)
        assert gallery.radii[place] == pytest.approx(np.mean(list(distance.values())))
        assert gallery.counts[place] == len(rows)
        np.testing.assert_allclose(
            gallery.covariances[place], np.cov(vectors[rows].T, bias=True), atol=1e-12
        )
        assert gallery.example_ids[place] == tuple(ids[row] for row in nearest)


def test_gallery_classifies_as_its_centroids_do():
    gallery = line([0, 2, 10, 12], ["x", "x", "y", "y"])
    predicted, distance = classify([[3.0], [8.0]], gallery.centroid_table())
    assert predicted.tolist() == ["x", "y"]
    assert distance.tolist() == [2.0, 3.0]


def test_class_of_one_image_has_no_radius_and_no_covariance():
    gallery = line([5, 1, 3], ["alone", "pair", "pair"])
    assert gallery.radii.tolist() == [0.0, 1.0]
    assert gallery.covariances.ravel().tolist() == [0.0, 1.0]
    assert gallery.example_ids == (("at 5",), ("at 1", "at 3"))


def test_no_examples_are_kept_where_none_are_wanted():
    assert line([1, 2], ["a", "b"], examples=0).example_ids == ((), ())


@pytest.mark.parametrize(
    ("vectors", "ids", "words"),
    [
        (np.empty((0, 2)), [], "no images"),
        ([[1.0], [np.nan]], ["fine", "<b>broken</b>"], "<b>broken</b>.*NaN"),
        ([[1.0], [2.0]], ["twin", "twin"], "'twin'.*more than once"),
        ([[1.0], [2.0]], ["one"], "one id an image"),
    ],
)
def test_images_that_make_no_gallery_are_named(vectors, ids, words):
    with pytest.raises(ValueError, match=words):
        fit_gallery(vectors, ["a"] * len(vectors), ids, "net", 3)


def test_enrolling_gives_what_fitting_all_at_once_gives(labelled):
    vectors, labels, ids = labelled
    ids, is_new = np.array(ids), labels == "b"
    known = fit_gallery(vectors[~is_new], labels[~is_new], ids[~is_new], "net", 3)
    enrolled = enrol_class(known, "b", vectors[is_new], ids[is_new], 3)
    assert_same(enrolled, fit_gallery(vectors, labels, ids, "net", 3))
    assert known.class_names.tolist() == ["a", "c"]


def test_enrolling_a_name_that_is_there_is_refused():
    with pytest.raises(GalleryError, match="has a class 'a' already"):
        enrol_class(line([1], ["a"]), "a", [[2.0]], ["new"], 2)


@pytest.mark.parametrize("name", ["", "  \n"])
def test_a_class_needs_a_name(name):
    gallery = line([1, 2], ["a", "b"])
    with pytest.raises(GalleryError, match="no name for a class"):
        enrol_class(gallery, name, [[2.0]], ["new"], 2)
    with pytest.raises(GalleryError, match="no name for a class"):
        rename_classes(gallery, {"a": name})


def test_vectors_of_another_size_are_refused():
    with pytest.raises(GalleryError, match=r"2 features for 'new'.*have 1"):
        enrol_class(line([1], ["a"]), "new", [[2.0, 3.0]], ["new"], 2)


def test_removing_and_renaming_keep_everything_else(labelled):
    vectors, labels, ids = labelled
    gallery = fit_gallery(vectors, labels, ids, "net", 2)
    renamed = rename_classes(gallery, {"a": "zz <script>"})
    assert renamed.class_names.tolist() == ["b", "c", "zz <script>"]
    assert renamed.counts.tolist() == np.roll(gallery.counts, -1).tolist()
    assert_same(rename_classes(renamed, {"zz <script>": "a"}), gallery)
    assert_same(rename_classes(gallery, {"a": "a"}), gallery)
    without = remove_class(gallery, "b")
    kept = labels != "b"
    assert_same(without, fit_gallery(vectors[kept], labels[kept], np.array(ids)[kept], "net", 2))


def test_renaming_to_a_name_that_is_there_is_refused():
    with pytest.raises(GalleryError, match="has a class 'b' already"):
        rename_classes(line([1, 2], ["a", "b"]), {"a": "b"})


def test_names_change_all_at_once():
    gallery = line([1, 2, 3], ["a", "b", "c"])
    swapped = rename_classes(gallery, {"a": "b", "b": "a"})
    assert swapped.class_names.tolist() == ["a", "b", "c"]
    assert swapped.centroids.tolist() == [[2], [1], [3]]
    assert swapped.example_ids == (("at 2",), ("at 1",), ("at 3",))
    moved = rename_classes(gallery, {"a": "b", "b": "c", "c": "\N{RIGHTWARDS ARROW}a"})
    assert moved.centroids.tolist() == [[1], [2], [3]]
    for names in ({"a": "x", "b": "x"}, {"a": "b", "b": "c"}):
        with pytest.raises(GalleryError, match=r"has a class '[xc]' already"):
            rename_classes(gallery, names)


def test_the_last_class_stays():
    with pytest.raises(GalleryError, match="only class"):
        remove_class(line([1], ["a"]), "a")


@pytest.mark.parametrize("change", [remove_class, lambda g, name: rename_classes(g, {name: "new"})])
def test_an_unknown_class_is_named_with_the_nearest_names(change):
    gallery = line([1, 2, 3], ["Harpacticoida", "Ostracoda", "Limacina"])
    with pytest.raises(GalleryError, match=r"'Harpacticoid'.*: 'Harpacticoida'"):
        change(gallery, "Harpacticoid")


def test_an_unknown_class_like_none_still_shows_some_names():
    with pytest.raises(GalleryError, match=r"'007'.*'a', 'b'"):
        line([1, 2], ["a", "b"]).position("007")


def test_a_gallery_of_another_embedder_is_refused():
    gallery = line([1], ["a"])
    check_fingerprint(gallery, "net")
    with pytest.raises(GalleryError, match=r"'net'.*'other'"):
        check_fingerprint(gallery, "other")
