"""Figures that only notebooks draw."""

import numpy as np
import pandas as pd
from PIL import Image

from plankton_embedding.figures.novelty import draw_novelty
from plankton_embedding.figures.preprocessing import draw_preprocessing
from plankton_embedding.figures.step_accuracy import draw_step_accuracy
from plankton_embedding.images.preprocess_example import preprocess_example


def test_novelty_is_drawn_as_shares_with_its_threshold():
    figure = draw_novelty({"known": [0.5, 0.6, 0.7, 1.0], "new": [1.0, 99.0]}, 2.0)
    (axes,) = figure.axes
    heights = [sum(bar.get_height() for bar in bars) for bars in axes.containers]
    # The image far out is in the last bin, not lost.
    np.testing.assert_allclose(heights, [1, 1])
    assert axes.lines[0].get_xdata()[0] == 2.0
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *("known (4 images)", "new (2 images)"),
    ]
    assert not draw_novelty({"known": [0.5]}, None).axes[0].lines


def test_trainings_are_drawn_beside_each_other():
    accuracy = "validation_leave_one_out_accuracy"
    mine = pd.DataFrame({"step": [1, 2], accuracy: [0.2, 0.4]})
    earlier = pd.DataFrame({"step": [1, 2, 3], accuracy: [0.5, 0.6, 0.7]})
    without = pd.DataFrame({"step": [1], "validation_accuracy": [0.9]})
    trainings = {"mine": mine, "old": without, "earlier": earlier}
    (axes,) = draw_step_accuracy(trainings).axes
    assert [line.get_label() for line in axes.lines] == ["mine", "earlier"]
    assert axes.lines[1].get_ydata().tolist() == [0.5, 0.6, 0.7]
    assert axes.get_xlim()[1] > 3
    assert draw_step_accuracy({"mine": mine.head(0)}).axes
    assert draw_step_accuracy({"mine": pd.DataFrame()}).axes


def test_preprocessing_is_shown_before_and_after(tiny, tmp_path):
    Image.fromarray(np.full((30, 60), 100, np.uint8)).save(tmp_path / "wide.png")
    options = tiny.preprocess.model_copy(update={"crop_bottom": 10})
    example = preprocess_example((tmp_path / "wide.png").read_bytes(), options)
    assert example.before.shape == (30, 60)
    assert example.cropped_rows == 10
    assert example.after.shape == (75, 75)
    before, after = draw_preprocessing(example).axes
    assert "60 × 30" in before.get_title(loc="left")
    assert "75 × 75" in after.get_title(loc="left")
    # What is cut off lies on the lowest ten rows.
    assert before.images[1].get_extent() == [-0.5, 59.5, 29.5, 19.5]
