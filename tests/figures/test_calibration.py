import io

import numpy as np
import pandas as pd

from plankton_embedding.analysis.reliability import measure_reliability
from plankton_embedding.figures.calibration import draw_reliability


def _confidences(unknown=10):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"confidence": random.uniform(0.3, 1, 60), "known": True})
    table.loc[60 - unknown :, "known"] = False
    table["untempered_confidence"] = table["confidence"] ** 2
    table["predicted_class"] = np.where(np.arange(60) % 5, "$a$", "<b>")
    return table.assign(class_name="$a$")


def _rendered(figure):
    figure.savefig(io.BytesIO(), format="svg")
    return figure


def _legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_bins_and_counts_are_those_of_the_tables():
    confidences = _confidences()
    reliability = measure_reliability(confidences, 5)
    diagram, before, after = _rendered(draw_reliability(reliability, confidences)).axes
    tempered = reliability[reliability["tempered"]]
    dots = diagram.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, tempered[["mean_confidence", "accuracy"]])
    gaps = (tempered["accuracy"] - tempered["mean_confidence"]).abs().mean()
    assert _legend(diagram)[-1] == f"after: calibration error {100 * gaps:.1f} %, 10 images a bin"
    assert _legend(after) == ["known and right: 40", "known but wrong: 10", "of unseen classes: 10"]
    assert before.get_legend() is None
    drawn = [patch.get_data().values.sum() for patch in after.patches]
    assert drawn == [40, 40, 10, 10, 10, 10]


def test_without_unseen_images_they_are_not_named():
    confidences = _confidences(unknown=0)
    figure = draw_reliability(measure_reliability(confidences, 7), confidences)
    assert _legend(_rendered(figure).axes[2]) == ["known and right: 48", "known but wrong: 12"]
    assert _legend(figure.axes[0])[-1].endswith("8–9 images a bin")


def test_without_known_images_there_is_a_histogram_still():
    confidences = _confidences(unknown=60)
    diagram, _, after = _rendered(
        draw_reliability(measure_reliability(confidences, 7), confidences)
    ).axes
    assert [text.get_text() for text in diagram.texts] == ["needs test images of known classes"]
    assert _legend(after) == ["of unseen classes: 60"]


def test_certain_images_are_inside_the_last_bar():
    confidences = _confidences().assign(confidence=1.0)
    figure = _rendered(draw_reliability(measure_reliability(confidences, 3), confidences))
    assert figure.axes[2].patches[0].get_data().values[-1] == 40
