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
    extend_class,
    remove_class,
    rename_class,
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
        rename_class(gallery, "a", name)


def test_vectors_of_another_size_are_refused():
    with pytest.raises(GalleryError, match=r"2 features for 'new'.*have 1"):
        enrol_class(line([1], ["a"]), "new", [[2.0, 3.0]], ["new"], 2)


def test_extending_merges_means_covariances_and_counts_exactly(labelled):
    vectors, labels, ids = labelled
    ids, is_late = np.array(ids), (labels == "b") & (np.arange(60) % 3 == 0)
    known = fit_gallery(vectors[~is_late], labels[~is_late], ids[~is_late], "net", 3)
    extended = extend_class(known, "b", vectors[is_late], ids[is_late], 3)
    whole = fit_gallery(vectors, labels, ids, "net", 3)
    for name in ("class_names", "counts"):
        assert getattr(extended, name).tolist() == getattr(whole, name).tolist()
    np.testing.assert_allclose(extended.centroids, whole.centroids, atol=1e-12)
    np.testing.assert_allclose(extended.covariances, whole.covariances, atol=1e-12)
    np.testing.assert_allclose(extended.radii[[0, 2]], whole.radii[[0, 2]])
    assert extended.radii[1] == pytest.approx(whole.radii[1], rel=0.02)


def test_radius_of_an_extended_class_is_exact_where_it_can_be():
    alone = extend_class(line([0], ["a"]), "a", [[6.0], [6.0]], ["p", "q"], 2)
    assert alone.centroids.tolist() == [[4.0]]
    assert alone.radii[0] == pytest.approx((4 + 2 + 2) / 3)
    same_middle = extend_class(line([-1, 1], ["a", "a"]), "a", [[-3.0], [3.0]], ["p", "q"], 2)
    assert same_middle.radii[0] == pytest.approx(2.0)


def test_radius_of_an_extended_class_stays_within_its_bounds():
    extended = extend_class(line([-1, 1], ["a", "a"]), "a", [[4.0], [4.0]], ["p", "q"], 2)
    moved, radius, added = 2.0, 1.0, 2.0
    assert (max(moved, radius - moved) + added) / 2 <= extended.radii[0]
    assert extended.radii[0] <= (moved + radius + added) / 2


def test_examples_of_an_extended_class_come_from_both():
    gallery = line([0, 1, 2], ["a", "a", "a"], examples=3)
    extended = extend_class(gallery, "a", [[8.0], [9.0], [10.0]], ["i", "j", "k"], 4)
    assert extended.example_ids == (("at 1", "j", "at 0", "i"),)
    many = extend_class(gallery, "a", [[8.0]], ["only"], 9)
    assert many.example_ids == (("at 1", "only", "at 0", "at 2"),)


def test_the_same_images_are_not_added_twice():
    with pytest.raises(GalleryError, match="'at 1' is in the class 'a' already"):
        extend_class(line([0, 1], ["a", "a"]), "a", [[1.0]], ["at 1"], 2)


def test_removing_and_renaming_keep_everything_else(labelled):
    vectors, labels, ids = labelled
    gallery = fit_gallery(vectors, labels, ids, "net", 2)
    renamed = rename_class(gallery, "a", "zz <script>")
    assert renamed.class_names.tolist() == ["b", "c", "zz <script>"]
    assert renamed.counts.tolist() == np.roll(gallery.counts, -1).tolist()
    assert_same(rename_class(renamed, "zz <script>", "a"), gallery)
    assert_same(rename_class(gallery, "a", "a"), gallery)
    without = remove_class(gallery, "b")
    kept = labels != "b"
    assert_same(without, fit_gallery(vectors[kept], labels[kept], np.array(ids)[kept], "net", 2))


def test_renaming_to_a_name_that_is_there_is_refused():
    with pytest.raises(GalleryError, match="has a class 'b' already"):
        rename_class(line([1, 2], ["a", "b"]), "a", "b")


def test_the_last_class_stays():
    with pytest.raises(GalleryError, match="only class"):
        remove_class(line([1], ["a"]), "a")


@pytest.mark.parametrize("change", [remove_class, lambda g, name: rename_class(g, name, "new")])
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
