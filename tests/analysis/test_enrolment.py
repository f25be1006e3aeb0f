"""What an enrolled class is close to, and what it does to the others."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.enrolment import compare_enrolled
from plankton_embedding.analysis.gallery import GalleryError, fit_gallery
from plankton_embedding.analysis.gallery_changes import enrol_class


def table(positions, labels):
    ids = [f"test {row}" for row in range(len(labels))]
    return pd.DataFrame(
        {"image_id": ids, "class_name": pd.Series(labels, dtype="str"), "e00": positions}
    )


def enrolled(own, name="new", known=((0, "left"), (2, "left"), (18, "right"), (22, "right"))):
    positions, labels = zip(*known, strict=True)
    ids = [f"old {row}" for row in range(len(labels))]
    gallery = fit_gallery(np.array(positions, float)[:, None], labels, ids, "net", 2)
    vectors = np.array(own, float)[:, None]
    return enrol_class(gallery, name, vectors, [f"own {row}" for row in own], 2), vectors


def test_what_the_new_class_is_close_to_and_changes():
    # Centroids: left 1 (radius 1), right 20 (radius 2), new 8 (radius 1).
    gallery, vectors = enrolled([7, 9])
    old = table([0.0, 4.0, 5.0, 19.0, 13.0, 15.0], ["left"] * 3 + ["right"] * 3)
    report = compare_enrolled(gallery, "new", vectors, old, 0.5)
    assert (report.images, report.radius, report.own_recall) == (2, 1.0, 1.0)
    assert report.nearest.to_dict("list") == {
        "class_name": ["left", "right"],
        "distance": [7.0, 12.0],
        "radius": [1.0, 2.0],
        "distance_to_radius": [7.0, 12.0],
        "own_images": [0, 0],
    }
    # Before, the border lies at 10.5; after, the borders lie at 4.5 and 14.
    assert report.accuracy["images"] == 6
    assert report.accuracy["before"] == 1.0
    assert report.accuracy["after"] == pytest.approx(4 / 6)
    assert report.accuracy["after_low"] < 4 / 6 < report.accuracy["after_high"]
    assert report.classes.to_dict("list") == {
        "class_name": ["left", "right"],
        "images": [3, 3],
        "recall_before": [1.0, 1.0],
        "recall_after": [pytest.approx(2 / 3)] * 2,
        "to_new": [1, 1],
    }
    assert report.warning == ""


def test_an_image_is_left_out_of_its_own_centroid():
    # Centroid 9.5: with itself each is nearest to it; without, 3 is nearer to left (1) than to 16.
    gallery, vectors = enrolled([3, 16])
    report = compare_enrolled(gallery, "new", vectors, table([], []), 0.5)
    assert report.own_recall == 0.0
    assert report.nearest.set_index("class_name")["own_images"].to_dict() == {"left": 1, "right": 1}
    assert "only 0 % of its own images" in report.warning


def test_own_recall_agrees_with_centroids_computed_anew():
    random = np.random.default_rng(5)
    vectors, labels = random.normal(size=(90, 3)), random.choice(["a", "b", "c"], 90)
    gallery = fit_gallery(vectors, labels, [str(row) for row in range(90)], "net", 2)
    rows = np.flatnonzero(labels == "b")
    right = []
    for row in rows:
        means = {name: vectors[(labels == name) & (np.arange(90) != row)].mean(0) for name in "abc"}
        distance = {name: np.linalg.norm(vectors[row] - mean) for name, mean in means.items()}
        right.append(min(distance, key=distance.__getitem__) == "b")
    report = compare_enrolled(gallery, "b", vectors[rows], table([], []).assign(e01=0, e02=0), 0.5)
    assert 0 < report.own_recall < 1
    assert report.own_recall == pytest.approx(np.mean(right))
    assert report.nearest["own_images"].sum() == len(rows) - sum(right)


def test_a_class_within_the_radius_of_another_is_warned_about():
    gallery, vectors = enrolled([17, 25])
    report = compare_enrolled(gallery, "new", vectors, table([], []), 0.0)
    assert "'new' cannot be told apart" in report.warning
    assert "1 from that of 'right', within both radii (4 and 2)" in report.warning
    assert "its own images" not in report.warning


def test_a_class_that_takes_the_images_of_another_is_warned_about():
    gallery, vectors = enrolled([4, 6])
    old = table([0.0, 3.5, 3.6, 20.0, 30.0], ["left"] * 3 + ["right"] * 2)
    warning = compare_enrolled(gallery, "new", vectors, old, 0.5).warning
    assert "apart: the recall of 'left' falls from 100 to 33 %. Its nearest" in warning
    assert compare_enrolled(gallery, "new", vectors, old, 0.3).warning == ""


def test_the_wide_class_behind_a_narrow_one_is_seen():
    known = ((8, "narrow"), (8, "narrow"), (2, "wide"), (12, "wide"))
    gallery, vectors = enrolled([4, 16], known=known)
    report = compare_enrolled(gallery, "new", vectors, table([], []), 0.0)
    assert report.nearest["class_name"].tolist() == ["narrow", "wide"]
    assert "3 from that of 'wide', within both radii (6 and 5)" in report.warning


def test_a_small_class_in_the_reach_of_a_large_one_is_not_warned_about():
    # Left has radius 1; its centroid lies 3 from that of the new class, whose radius is 4.
    gallery, vectors = enrolled([0, 8])
    assert compare_enrolled(gallery, "new", vectors, table([], []), 0.0).warning == ""


def test_a_copy_of_another_class_is_warned_about_even_without_radius():
    gallery, vectors = enrolled([5, 6], name="b")
    point = fit_gallery([[3.0], [3.0]], ["a", "b"], ["1", "2"], "net", 1)
    assert compare_enrolled(gallery, "b", vectors, table([], []), 0.5).warning == ""
    assert "0 from that of 'a'" in compare_enrolled(point, "b", [[3.0]], table([], []), 0).warning


def test_one_image_cannot_be_checked():
    gallery, vectors = enrolled([10])
    report = compare_enrolled(gallery, "new", vectors, table([9.0], ["left"]), 0.5)
    assert np.isnan(report.own_recall)
    assert report.nearest["distance_to_radius"].isna().all()
    assert (
        report.nearest["own_images"].tolist() == [0, 1] or report.nearest["own_images"].sum() == 1
    )
    assert "one image only" in report.warning
    assert report.accuracy["after"] == 0.0


def test_without_labelled_images_only_the_class_itself_is_judged():
    gallery, vectors = enrolled([9, 11])
    report = compare_enrolled(gallery, "new", vectors, table([], []), 0.5)
    assert report.accuracy["images"] == 0
    assert np.isnan(report.accuracy["before"])
    assert report.classes.empty
    assert report.own_recall == 1.0


def test_images_of_the_class_itself_and_of_unknown_classes_are_left_aside():
    gallery, vectors = enrolled([9, 11])
    others = table([0.0, 10.0, 50.0], ["left", "new", "never enrolled"])
    report = compare_enrolled(gallery, "new", vectors, others, 0.5)
    assert report.accuracy["images"] == 1
    assert report.classes["class_name"].tolist() == ["left"]


def test_a_class_alone_or_unknown_is_refused():
    alone = fit_gallery([[3.0]], ["a"], ["1"], "net", 1)
    with pytest.raises(GalleryError, match="'a' is the only class"):
        compare_enrolled(alone, "a", [[3.0]], table([], []), 0.5)
    with pytest.raises(GalleryError, match="no class 'NA'"):
        compare_enrolled(alone, "NA", [[3.0]], table([], []), 0.5)
    gallery, vectors = enrolled([9, 11])
    other_embedder = table([1.0], ["left"]).assign(e01=0.0)
    with pytest.raises(GalleryError, match=r"2 features.*1 in the gallery"):
        compare_enrolled(gallery, "new", vectors, other_embedder, 0.5)
    with pytest.raises(GalleryError, match="no vectors of 'new'"):
        compare_enrolled(gallery, "new", np.empty((0, 1)), table([], []), 0.5)
