import io

import pandas as pd
import pytest

from plankton_embedding.analysis.mistake_severity import (
    measure_mistake_severity,
    summarise_mistake_severity,
)
from plankton_embedding.figures.mistake_severity import draw_mistake_severity


def _figure(pairs, names):
    scored = pd.DataFrame(pairs, columns=["class_name", "predicted_class"])
    table = measure_mistake_severity(scored, names)
    figure = draw_mistake_severity(table, summarise_mistake_severity(scored, names))
    figure.savefig(io.BytesIO(), format="png")
    return figure


def test_mistakes_and_chance_are_stacked_by_parent():
    pairs = [("egg__a", "tail__a"), ("egg__a", "b"), ("b", "c"), ("c", "c")]
    axes = _figure(pairs, ["egg__a", "tail__a", "b", "c"]).axes[0]
    heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in axes.containers}
    assert heights["mistakes inside the same parent"] == [0, 1, 0]
    assert heights["mistakes across parents"] == [0, 1, 1]
    # egg__a twice: one of three others is inside; b once: one of three at 2, two at 3.
    assert heights["at random, inside the same parent"] == pytest.approx([0, 2 / 3, 0])
    assert heights["at random, across parents"] == pytest.approx([0, 1 / 3, 2])
    tops = [bar.get_y() for bar in axes.containers[1]]
    assert tops == [0, 1, 0]
    assert "inside the same parent 33 %; at random 22 %" in axes.texts[-1].get_text()


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "b")], "no class name has the form part__Parent"),
        ([("egg__a", "egg__a")], "there is no mistake"),
    ],
)
def test_nothing_to_draw_is_said(pairs, message):
    names = sorted({name for pair in pairs for name in pair})
    assert [text.get_text() for text in _figure(pairs, names).axes[0].texts] == [message]


def test_only_mistakes_across_parents():
    axes = _figure([("egg__a", "b")], ["egg__a", "b"]).axes[0]
    assert len(axes.containers) == 2
