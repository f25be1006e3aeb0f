"""What is reviewed first, and counts: block by block the same as at once."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.review import (
    choose_for_review,
    count_predictions,
    summarise_predictions,
)


def make_predictions(rows):
    columns = ["image_id", "class_name", "confidence", "novelty", "is_unknown", "reason"]
    types = {
        "is_unknown": "boolean",
        "class_name": "str",
        "confidence": "float",
        "novelty": "float",
    }
    return pd.DataFrame(rows, columns=columns).astype(types)


SMALL = make_predictions(
    [
        ("1", "a", 0.9, 1.0, False, ""),
        ("2", "b", 0.5, 1.0, False, ""),
        ("3", None, None, None, None, "empty file"),
        ("4", "a", 0.4, 1.0, False, ""),
        ("5", "a", 0.1, 3.0, True, ""),
        ("6", "a", 0.6, 1.0, False, ""),
        ("7", "b", 0.2, 9.0, True, ""),
    ]
)


def test_the_strangest_then_the_least_certain_of_each_class():
    chosen = choose_for_review([SMALL], 2)
    assert chosen["image_id"].tolist() == ["7", "5", "4", "6", "2"]
    assert choose_for_review([SMALL], 1)["image_id"].tolist() == ["7", "4", "2"]
    assert choose_for_review([SMALL], 0).empty
    assert choose_for_review([SMALL[2:3]], 2).empty


def test_counts():
    counts = count_predictions([SMALL]).set_index("class_name")
    assert counts.loc["a", ["images", "unknown", "known"]].tolist() == [4, 1, 3]
    assert counts.loc["a", "mean_confidence"] == pytest.approx((0.9 + 0.4 + 0.6) / 3)
    summary, unreadable = summarise_predictions([SMALL])
    assert summary["images"] == 7
    assert (summary["unreadable"], summary["unknown"]) == (1, 2)
    assert summary["unknown_share"] == pytest.approx(2 / 6)
    assert unreadable.to_numpy().tolist() == [["3", "empty file"]]
    nothing, _ = summarise_predictions([SMALL[2:3]])
    assert nothing == {"images": 1, "unreadable": 1, "unknown": 0}
    assert count_predictions([SMALL[2:3]]).empty


def test_blocks_say_the_same_as_the_whole():
    random = np.random.default_rng(0)
    rows = [
        (f"{n:04d}", random.choice(list("abcd")), c, v, v > 2, "" if c > 0.1 else "empty file")
        for n, (c, v) in enumerate(zip(random.random(500), random.random(500) * 3, strict=True))
    ]
    table = make_predictions(rows)
    blocks = [table[start : start + 37] for start in range(0, 500, 37)]
    pd.testing.assert_frame_equal(choose_for_review(blocks, 5), choose_for_review([table], 5))
    pd.testing.assert_frame_equal(count_predictions(blocks), count_predictions([table]))
    assert summarise_predictions(blocks)[0] == pytest.approx(summarise_predictions([table])[0])
