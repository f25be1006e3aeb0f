import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.analysis.confusions import confusion_frames, count_confusions_over_steps
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.figures.confusion_animation import draw_confusion_animation
from plankton_embedding.figures.confusion_slider import draw_confusion_slider

COLUMNS = ["step", "split", "class_name", "predicted_class", "images"]
HOSTILE = "<b>&" + "x" * 60


@pytest.fixture
def confusions():
    """Return two classes: all images wrong at step 1, all right at step 4; few test images."""
    rows = [
        (1, "validation", "a", HOSTILE, 30),
        (1, "validation", HOSTILE, "a", 10),
        (4, "validation", "a", "a", 30),
        (4, "validation", HOSTILE, HOSTILE, 10),
        (4, "test", "a", HOSTILE, 7),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _frames(gif):
    picture = Image.open(io.BytesIO(gif))
    for number in range(picture.n_frames):
        picture.seek(number)
        yield np.asarray(picture.convert("RGB")).astype(int)


def _full_blue(pixels):
    return np.abs(pixels - [20, 102, 171]).max(axis=2) < 6


def test_frames_move_from_the_mistakes_to_the_diagonal(confusions):
    before, after = map(_full_blue, _frames(draw_confusion_animation(confusions, ["a", HOSTILE])))
    rows, columns = np.nonzero(before != after)
    middle = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
    upper, left = slice(rows.min(), middle[0] - 2), slice(columns.min(), middle[1] - 2)
    lower, right = slice(middle[0] + 2, rows.max()), slice(middle[1] + 2, columns.max())
    share = [[before[part].mean() for part in row] for row in _quarters(upper, lower, left, right)]
    assert np.round(share, 1).tolist() == [[0, 1], [1, 0]]
    share = [[after[part].mean() for part in row] for row in _quarters(upper, lower, left, right)]
    assert np.round(share, 1).tolist() == [[1, 0], [0, 1]]


def _quarters(upper, lower, left, right):
    return [[(upper, left), (upper, right)], [(lower, left), (lower, right)]]


def test_only_cells_and_title_change_on_white_paper(confusions):
    same = confusions.assign(step=confusions["step"].replace({4: 1}), images=10)
    same = pd.concat([same, same.assign(step=2)])
    first, second = _frames(draw_confusion_animation(same, ["a", HOSTILE]))
    changed = np.nonzero((first != second).any(axis=2))[0]
    assert first[0, 0].tolist() == [255, 255, 255]
    # The step in the title's first line.
    assert 0 < changed.max() < 30


def test_a_frame_a_step_repeated_for_ever_the_last_the_longest(confusions):
    steps = pd.concat([confusions.assign(step=step) for step in (2, 11, 3)])
    picture = Image.open(io.BytesIO(draw_confusion_animation(steps, ["a", HOSTILE])))
    assert picture.n_frames == 3
    assert picture.info["loop"] == 0
    durations = []
    for number in range(3):
        picture.seek(number)
        durations.append(picture.info["duration"])
    assert durations[0] == durations[1] < durations[2]


def test_one_step_of_one_class_is_a_still():
    still = pd.DataFrame([(1, "validation", "a", "a", 3)], columns=COLUMNS)
    (pixels,) = _frames(draw_confusion_animation(still, ["a"]))
    assert _full_blue(pixels).sum() > 1000
    figure = draw_confusion_slider(still, ["a"])
    assert [list(figure.data[0][key]) for key in "xyz"] == [[0], [0], [1]]


def test_slider_frames_are_the_table():
    random = np.random.default_rng(1)
    names = list("dcba")
    predictions = pd.DataFrame(
        {
            "step": random.integers(1, 6, 400),
            "split": random.choice(["validation", "test"], 400),
            "class_name": random.choice(names[:3], 400),
            "predicted_class": random.choice(names[1:], 400),
        }
    )
    confusions = count_confusions_over_steps(predictions)
    frames = confusion_frames(confusions, names, "validation")
    figure = draw_confusion_slider(confusions, names)
    assert [frame.name for frame in figure.frames] == ["1", "2", "3", "4", "5"]
    shown = [list(step.args[0]) for step in figure.layout.sliders[0].steps]
    assert shown == [[frame.name] for frame in figure.frames]
    for frame, counts, shares in zip(figure.frames, frames.counts, frames.shares, strict=True):
        (cells,) = frame.data
        images, share = np.zeros((4, 4), dtype=int), np.zeros((4, 4))
        images[list(cells.y), list(cells.x)] = cells.text
        share[list(cells.y), list(cells.x)] = cells.z
        np.testing.assert_array_equal(images, counts)
        np.testing.assert_allclose(share, shares, atol=1e-4)
        # Every row and column is there, or the cells would not be of one size.
        assert set(cells.x) == set(cells.y) == {0, 1, 2, 3}
    last = figure.frames[-1]
    assert (last.data[0].z, last.data[0].text) == (figure.data[0].z, figure.data[0].text)


def test_slider_shows_the_accuracy_of_its_step(confusions):
    figure = draw_confusion_slider(confusions, ["a", HOSTILE])
    titles = [frame.layout.title.text for frame in figure.frames]
    assert titles[0].startswith("Step 1: 0.0 % right<br>40 validation images, by their own")
    assert titles[1].startswith("Step 4: 100.0 % right<br>40 validation images")
    assert figure.layout.title.text == titles[-1]
    assert figure.layout.sliders[0].active == 1


def test_slider_labels_are_short_and_its_hover_names_in_full_and_escaped(confusions):
    layout = draw_confusion_slider(confusions, ["a", HOSTILE]).layout
    full = "&lt;b&gt;&amp;" + "x" * 60
    assert list(layout.xaxis.ticktext) == list(layout.yaxis.ticktext) == ["a", full]
    assert not layout.xaxis.showticklabels
    assert list(layout.xaxis2.ticktext) == list(layout.yaxis2.ticktext)
    assert layout.xaxis2.ticktext[1].startswith("&lt;b&gt;&amp;xxx")
    assert len(layout.xaxis2.ticktext[1]) < 50


def test_the_slider_s_columns_are_wide_enough_for_their_names():
    names = [f"class {number}" for number in range(100)]
    still = pd.DataFrame([(1, "validation", name, name, 3) for name in names], columns=COLUMNS)
    layout = draw_confusion_slider(still, names).layout
    assert layout.meta["least_width"] >= 100 * 11
    assert layout.xaxis2.tickfont.size <= 11


def test_many_classes_and_steps_stay_small():
    names = [f"class {number}" for number in range(60)]
    random = np.random.default_rng(0)
    rows = [
        (step, "validation", true, other, 1)
        for step in range(1, 11)
        for true in names
        for other in [true, *random.choice(names, 3, replace=False)]
    ]
    confusions = pd.DataFrame(rows, columns=COLUMNS)
    assert len(draw_confusion_animation(confusions, names)) < 1e6
    assert len(draw_confusion_slider(confusions, names).to_json()) < 120_000


def test_without_validation_images_there_is_nothing_to_play(confusions):
    test_only = confusions[confusions["split"] == "test"]
    with pytest.raises(EmbeddingsError, match="no confusions of validation images"):
        draw_confusion_animation(test_only, ["a"])
    with pytest.raises(EmbeddingsError, match="no confusions of validation images"):
        draw_confusion_slider(test_only, ["a"])
