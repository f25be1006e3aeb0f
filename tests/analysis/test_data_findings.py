import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.data_findings import find_problems

NO_COPIES = pd.DataFrame(
    columns=["class_name", "class_name_of_other", "kind", "label_conflict"]
).astype({"label_conflict": "bool"})
CUT_NOTHING = {"crop_bottom": 0, "image_size": 100, "background": "white"}


def manifest(**changes: object) -> pd.DataFrame:
    row = {
        "status": "accepted",
        "reason": "",
        "width": 90,
        "height": 60,
        "mode": "L",
        "scale_bar": 0,
        "frames": 1,
    }
    return pd.DataFrame([row] * 9 + [row | changes])


def counts(**changes: int) -> pd.DataFrame:
    rows = [
        {
            "class_name": name,
            "found": 80,
            "rejected": 0,
            "train": 60,
            "validation": 10,
            "test": 10,
            "unseen": 0,
            "dropped": 0,
        }
        for name in ("egg", "fish")
    ]
    return pd.DataFrame([rows[0], rows[1] | changes])


def said(*args: object) -> str:
    return "\n".join(f"{f.level}: {f.seen} {f.advice}" for f in find_problems(*args))


def test_where_nothing_is_wrong_nothing_is_said():
    assert find_problems(manifest(), counts(), NO_COPIES, CUT_NOTHING) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scale_bar": 31}, "problem: A scale bar is drawn into 1 image, and nothing is cut off"),
        ({"width": 12, "height": 9}, "warning: Smaller than 16 pixels: 1 image"),
        ({"width": 401}, "note: Reduced more than 4 times: 1 image"),
        ({"mode": "RGB"}, "note: The images are of several kinds: 9 L, 1 RGB"),
        ({"frames": 3}, "warning: With several frames: 1 image"),
        (
            {"status": "rejected", "reason": "too small: 2 x 2 pixels"},
            "warning: 1 file of 10 (10.0%) cannot be used: 1 too small.",
        ),
        ({"status": "rejected", "reason": "not validated: predicted"}, ""),
    ],
)
def test_what_is_seen_of_images(changes, words):
    assert words in said(manifest(**changes), counts(), NO_COPIES, CUT_NOTHING)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": 19}, "warning: Classes with fewer than 20 images to learn from (train): fish."),
        ({"test": 9}, "warning: Classes with fewer than 10 images to judge from (test): fish."),
        (
            {"train": 1300},
            "note: The classes are unequal: 1,300 images of fish train, and 60 of egg",
        ),
        (
            {"dropped": 5, "train": 0, "test": 0},
            "warning: Classes dropped, too small to split: fish",
        ),
        (
            {"unseen": 80, "train": 0, "test": 0},
            "note: Training never sees 1 of the classes (80 images): fish.",
        ),
        (
            {"unseen": 9, "train": 0, "test": 0},
            "warning: Unseen classes with fewer than 10 images: fish.",
        ),
        (
            {"dropped": 1},
            "warning: Dropped, as copies of unseen images: 1 image of classes that train "
            "(1 of fish).",
        ),
    ],
)
def test_what_is_seen_of_classes(changes, words):
    assert words in said(manifest(), counts(**changes), NO_COPIES, CUT_NOTHING)


@pytest.mark.parametrize(
    "changes", [{"unseen": 80, "train": 0, "test": 0}, {"dropped": 60, "train": 0, "test": 0}]
)
def test_of_classes_that_do_not_train_nothing_else_is_said(changes):
    found = said(manifest(), counts(**changes), NO_COPIES, CUT_NOTHING)
    assert len(found.splitlines()) == 1


def test_label_conflicts_come_first_with_their_classes():
    copies = pd.DataFrame(
        {
            "class_name": ["egg", "egg", "fish"],
            "class_name_of_other": ["fish", "egg", "egg"],
            "kind": ["exact", "near", "near"],
            "label_conflict": [True, False, True],
        }
    )
    lines = said(manifest(frames=2), counts(), copies, CUT_NOTHING).splitlines()
    assert lines[0].startswith(
        "problem: The same picture stands under two classes, 2 pairs: 2 × egg and fish"
    )
    assert lines[1].startswith("warning")
    assert "3 images look like others: 1 byte for byte the same, 2 with other bytes" in lines[-1]


def test_images_without_a_bar_are_counted_where_bars_are_cut_off():
    cut = CUT_NOTHING | {"crop_bottom": "auto"}
    one_lacks = pd.concat([manifest(scale_bar=31)[9:]] * 9 + [manifest()[:1]])
    assert "warning: No scale bar was found in 1 image of 10" in said(
        one_lacks, counts(), NO_COPIES, cut
    )
    assert "note: No scale bar was found in 10 images" in said(manifest(), counts(), NO_COPIES, cut)


def pictures(level: int, margin: int, count: int = 10) -> list[np.ndarray]:
    """Return images with a border of `level`, as they are stored in a square of `margin`."""
    square = np.full((100, 100), margin, dtype=np.uint8)
    square[20:80] = level
    # An animal with limbs: around its body the image shows.
    square[49:51, 30:70] = square[30:70, 49:51] = 255 - level
    return [square] * count


@pytest.mark.parametrize(
    ("level", "background", "words"),
    [
        (3, "white", "problem: Dark images were put into a white square: 10 of the 10 images"),
        (250, "black", "problem: Light images were put into a black square: 10 of the 10 images"),
    ],
)
def test_a_square_of_the_other_brightness_is_a_problem(level, background, words):
    margin = {"white": 255, "black": 0}[background]
    options = CUT_NOTHING | {"background": background}
    found = find_problems(manifest(), counts(), NO_COPIES, options, pictures(level, margin))
    assert [f"{f.level}: {f.seen}"[: len(words)] for f in found] == [words]
    assert f"background to {'black' if level == 3 else 'white'}" in found[0].advice


@pytest.mark.parametrize(
    ("seen", "background"),
    [
        (pictures(250, 255), "white"),
        (pictures(3, 0), "black"),
        (pictures(3, 0), "auto"),
        # An animal that fills its image.
        (pictures(3, 255, 1) + pictures(250, 255, 30), "white"),
        (pictures(255, 255), "white"),
        # Square images have no margin.
        ([np.full((100, 100), 3, dtype=np.uint8)], "white"),
        ([], "white"),
    ],
)
def test_a_square_of_the_images_own_brightness_is_none(seen, background):
    options = CUT_NOTHING | {"background": background}
    assert find_problems(manifest(), counts(), NO_COPIES, options, seen) == []
