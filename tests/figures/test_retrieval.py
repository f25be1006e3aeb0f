import io

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.retrieval import draw_retrieval

CLUSTERING = {"images": 9, "classes": 3, "nmi": 0.8, "ami": 0.7, "silhouette": -0.2}


def _scores(values):
    measures = ["recall_at_1", "recall_at_5", "map_at_r"]
    rows = [(split, name) for split in ("test", "validation") for name in measures]
    value = np.array(values, dtype=float)
    table = pd.DataFrame(rows, columns=["references", "measure"])
    return table.assign(value=value, low=value - 0.05, high=np.minimum(value + 0.02, 1))


def _axes(figure):
    figure.savefig(io.BytesIO(), format="png")
    return figure.axes


def test_scores_stand_beside_their_measures_with_intervals():
    retrieval, clusters = _axes(draw_retrieval(_scores([0.7, 0.9, 0.6, 0.65, 1, 0.5]), CLUSTERING))
    labels = [label.get_text() for label in retrieval.get_yticklabels()]
    assert labels == ["recall@1", "recall@5", "MAP@R"]
    test, validation = (container.lines[0] for container in retrieval.containers)
    assert test.get_xdata().tolist() == [0.7, 0.9, 0.6]
    assert validation.get_xdata().tolist() == [0.65, 1, 0.5]
    assert [text.get_text() for text in retrieval.texts[:3]] == ["70.0 %", "90.0 %", "60.0 %"]
    first = retrieval.containers[0].lines[2][0].get_segments()[0]
    assert first[:, 0].tolist() == pytest.approx([0.65, 0.72])
    assert retrieval.get_xlim()[0] < 0.45
    assert retrieval.get_ylim()[0] > retrieval.get_ylim()[1]
    assert [bar.get_width() for bar in clusters.patches] == [0.8, 0.7, -0.2]
    assert clusters.get_xlim()[0] <= -0.2


def test_what_is_not_defined_is_said():
    nothing = float("nan")
    retrieval, clusters = _axes(draw_retrieval(_scores([nothing] * 6), {"images": 2}))
    assert [text.get_text() for text in retrieval.texts] == ["no class has two images"]
    assert [text.get_text() for text in clusters.texts] == ["needs two classes"]
