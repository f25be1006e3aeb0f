import io

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape
from matplotlib.colors import to_hex

from plankton_embedding.analysis.label_suspects import (
    judge_labels,
    rank_label_suspects,
    summarise_label_suspects,
    suspect_pictures,
)
from plankton_embedding.analysis.typical_images import find_typical_images
from plankton_embedding.figures.label_suspects import (
    SuspectPictures,
    draw_label_suspects,
    render_label_suspects,
)
from plankton_embedding.figures.palette import class_colours

NASTY = "<script>alert(1)</script> $x$"


class _Case:
    """Twelve images on a line, one of the nasty class among the other class."""

    def __init__(self):
        places = [0, 0.1, 0.2, 0.3, 0.15, 5, 5.1, 5.2, 5.3, 5.15, 5.05, 0.12]
        labels = ["007"] * 5 + [NASTY] * 7
        self.table = pd.DataFrame({"e00": places, "class_name": labels}).assign(
            step=1,
            split=["validation", "test"] * 6,
            image_id=[f"{name} {place}.png" for name, place in zip(labels, places, strict=True)],
        )
        judged = judge_labels(self.table, 1, None, 3)
        self.counts = summarise_label_suspects(judged)
        self.suspects = rank_label_suspects(judged, 10, None)
        self.typical = find_typical_images(self.table, 1, 2)

    def pictures(self):
        ids = suspect_pictures(self.suspects, self.typical, 5)
        shades = np.linspace(40, 250, len(ids)).astype(np.uint8)
        pixels = {one: np.full((20, 20), shade) for one, shade in zip(ids, shades, strict=True)}
        class_names = self.table.set_index("image_id")["class_name"].to_dict()
        return SuspectPictures(pixels, self.typical, class_names)


@pytest.fixture
def case():
    return _Case()


def _axes(figure):
    figure.savefig(io.BytesIO(), format="png")
    return figure.axes[0]


def test_the_page_shows_the_image_its_neighbours_and_both_classes(case):
    html = render_label_suspects(case.suspects, case.counts, case.pictures(), shown=5)
    assert len(case.suspects) == 1
    suspect = case.suspects.iloc[0]
    assert (suspect["suggested_class"], suspect["class_name"]) == ("007", NASTY)
    # The image, three neighbours, two typical images of each class.
    assert html.count("<img") == 1 + 3 + 2 + 2
    assert "&lt;script&gt;alert" in html
    assert "<script>" not in html
    _, _, of_label, of_suggestion = html.split('class="strip"')[1:]
    assert of_label.count(f'alt="{escape(NASTY)}') == 2
    assert of_suggestion.count('alt="007') == 2
    assert "score 1.00" in html
    assert "could not be judged" not in html


def test_pictures_are_framed_in_the_colours_of_their_labels(case):
    html = render_label_suspects(case.suspects, case.counts, case.pictures(), shown=5)
    colours = class_colours(["007", NASTY])
    image, near, of_label, of_suggestion = html.split('class="strip"')[1:]
    for strip, label, pictures in (
        (image, NASTY, 1),
        (near, "007", 3),
        (of_label, NASTY, 2),
        (of_suggestion, "007", 2),
    ):
        assert (
            strip.count(f'style="--class:{colours[label]}"') == strip.count("--class") == pictures
        )
        assert strip.count(f'title="{escape(label)} · {escape(label)} ') == pictures
    axes = _axes(draw_label_suspects(case.suspects, case.pictures(), shown=5))
    frames = [to_hex(frame.get_edgecolor()) for frame in axes.patches]
    expected = [NASTY, *["007"] * 3, *[NASTY] * 2, *["007"] * 2]
    assert frames == [colours[label] for label in expected]


def test_labels_that_are_not_known_leave_pictures_without_colours(case):
    pictures = SuspectPictures(case.pictures().pixels, case.typical, {})
    html = render_label_suspects(case.suspects, case.counts, pictures, shown=5)
    assert 'style="--class' not in html
    assert 'title="007 ' in html


def test_the_page_without_pictures_and_without_suspects(case):
    bare = SuspectPictures({}, case.typical, {})
    html = render_label_suspects(case.suspects, case.counts, bare, shown=5)
    assert "<img" not in html
    assert "score 1.00" in html
    counts = {**case.counts, "suspects": 0, "not_judged": 2}
    none = render_label_suspects(case.suspects[:0], counts, bare, shown=5)
    assert "None of 12 validation and test images" in none
    assert "2 could not be judged" in none


def test_the_sheet_shows_the_image_first(case):
    pictures = case.pictures()
    axes = _axes(draw_label_suspects(case.suspects, pictures, shown=5))
    assert len(axes.images) == 8
    first = np.asarray(axes.images[0].get_array())
    suspect = case.suspects.iloc[0]
    assert (first == pictures.pixels[suspect["image_id"]][0, 0]).all()
    second = np.asarray(axes.images[1].get_array())
    assert (second == pictures.pixels[suspect["neighbour_1"]][0, 0]).all()
    assert any("007" in text.get_text() for text in axes.texts)


def test_the_sheet_without_pictures_shows_shares(case):
    axes = _axes(draw_label_suspects(case.suspects, SuspectPictures({}, case.typical, {}), 5))
    assert [bar.get_width() for bar in axes.patches] == [1, 0]


def test_the_sheet_without_suspects_says_so(case):
    axes = _axes(draw_label_suspects(case.suspects[:0], case.pictures(), 5))
    assert "no image" in axes.texts[0].get_text()
