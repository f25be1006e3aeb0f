"""The review page: pictures, their order, and names of any kind."""

import numpy as np
import pandas as pd

from plankton_embedding.analysis.review import (
    choose_for_review,
    count_predictions,
    summarise_predictions,
)
from plankton_embedding.figures.review_page import ReviewedPredictions, render_review_page

EVIL = "<script>alert(1)</script>"
RULE = {"threshold": 2.0, "kept_share": 0.95, "temperature": 1.0}


def make_predictions(count=12):
    unknown = [number % 4 == 3 for number in range(count)]
    return pd.DataFrame(
        {
            "image_id": [f"{EVIL}{number:03d}" for number in range(count)],
            "class_name": pd.array([("a/b", EVIL, "NA")[number % 3] for number in range(count)]),
            "confidence": np.linspace(0.9, 0.1, count),
            "distance": 1.0,
            "novelty": np.linspace(1, 5, count),
            "is_unknown": pd.array(unknown, dtype="boolean"),
            "runner_up_2": pd.array(["NA"] * (count - 1) + [None], dtype="str"),
            "reason": "",
        }
    )


def render(table, shown=2, rule=RULE):
    chosen = choose_for_review([table], shown)
    pictures = {name: np.full((20, 20), 9, np.uint8) for name in chosen.get("image_id", [])}
    summary, unreadable = summarise_predictions([table])
    predictions = ReviewedPredictions(
        chosen, count_predictions([table]), summary, unreadable, f"/data/{EVIL}"
    )
    return render_review_page(predictions, pictures, rule)


def test_every_class_and_the_unknown_have_their_pictures():
    page = render(make_predictions())
    assert page.count('<figure class="tile"') == 3 * 2 + 2
    assert "Like no class of the gallery" in page
    # The threshold is compared with the radius of one class, not of all.
    assert "farther from the nearest class than 2.00 of its radii" in page
    # Its images are of one class: a folder without class folders.
    assert "images=FOLDER,enrol.class_name=NAME" in page
    assert "3 images, of which the 2 least certain are shown" in page
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_one_more_is_and_two_are():
    assert render(make_predictions()).count("; 1 more is nearest to this class and unknown") == 3
    page = render(make_predictions(24))
    assert page.count("; 2 more are nearest to this class and unknown") == 3


def test_the_least_certain_come_first():
    page = render(make_predictions(), shown=9)
    order = [page.index(f'{number:03d}" loading') for number in (9, 6, 0)]
    assert order == sorted(order)


def test_nothing_unknown_and_nothing_readable():
    assert 'id="unknown"' not in render(make_predictions().assign(is_unknown=False))
    no_rule = render(make_predictions().assign(is_unknown=False), rule=RULE | {"threshold": None})
    assert "classes of one image say nothing" in no_rule
    page = render(make_predictions().assign(reason="empty file"))
    assert "No image could be read" in page
    assert "empty file" in page
    assert "12 of them could not be read" in page
    assert "all of them could be read" in render(make_predictions())
