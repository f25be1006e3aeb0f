import io

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.open_set import NOVELTY_SCORES
from plankton_embedding.figures.community import draw_community_distances


def _community(communities=5, chosen=0.95):
    rows = [
        (score, counted, share, share == chosen, 0.5 - 0.3 * share + 0.1 * place)
        for place, score in enumerate(NOVELTY_SCORES)
        for counted in ("with_unknown", "known_classes")
        for share in (0.1, 0.5, chosen, 1.0, np.nan)
    ]
    columns = ["score", "counted", "kept_share", "is_chosen", "distance"]
    table = pd.DataFrame(rows, columns=columns).fillna({"distance": 0.75})
    spread = 0.02 if communities > 1 else np.nan
    table = table.assign(low=table["distance"] - spread, high=table["distance"] + spread)
    return table.assign(communities=communities, by_group=communities > 1)


def _rendered(figure):
    figure.savefig(io.BytesIO(), format="svg")
    return figure


def _legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_distances_are_drawn_from_half_of_the_images_on_and_named_at_the_threshold():
    first, second = _rendered(draw_community_distances(_community())).axes
    assert first.get_ylabel() == "Bray–Curtis distance, mean of 5 groups"
    assert _legend(first)[0] == "nothing rejected: 0.750"
    assert _legend(first)[1] == "distance ÷ radius: 0.215 (0.195–0.235)"
    line = next(line for line in second.lines if str(line.get_label()).startswith("Mahalanobis"))
    np.testing.assert_allclose(line.get_xdata(), [0.5, 0.95, 1])
    np.testing.assert_allclose(line.get_ydata(), [0.45, 0.315, 0.3])


def test_one_community_has_no_interval():
    first, _ = _rendered(draw_community_distances(_community(communities=1))).axes
    assert first.get_ylabel() == "Bray–Curtis distance, all test and unseen images"
    assert _legend(first)[1] == "distance ÷ radius: 0.215"


def test_without_a_threshold_only_the_line_of_nothing_rejected_is_left():
    table = _community()
    first, _ = _rendered(draw_community_distances(table[table["kept_share"].isna()])).axes
    assert _legend(first)[0] == "nothing rejected: 0.750"
    assert _legend(first)[1] == "distance ÷ radius"


@pytest.mark.parametrize("counted", ["with_unknown", "known_classes"])
def test_a_panel_without_distances_says_what_it_needs(counted):
    table = _community()
    table.loc[table["counted"] == counted, "distance"] = np.nan
    panels = _rendered(draw_community_distances(table)).axes
    said = [[text.get_text() for text in axes.texts] for axes in panels]
    assert sorted(said) == [[], ["needs images of known classes"]]
