import io
import json

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.explained_variance import draw_explained_variance
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.principal_components import draw_principal_components

CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.2, 0.2, 0.2]])


@pytest.fixture
def points():
    names = ["<b>", "<b>", "safe"]
    columns = {"class_name": names, "image_id": ["<i>.png", "", ""]}
    columns |= {"is_centroid": [False, True, True], "pc1": [0.0, 1, 2], "pc2": 0.5, "pc3": 0.0}
    return pd.DataFrame(columns)


def test_view_without_hulls_has_a_trace_a_class(points):
    figure = draw_principal_components(points, np.array([0.5, 0.3, 0.2]))
    first, second = figure.data
    assert (first.name, second.name) == ("&lt;b&gt;", "safe")
    assert (first.x.tolist(), second.x.tolist(), first.y.tolist()) == ([0, 1], [2], [0.5, 0.5])
    assert not figure.layout.updatemenus


def test_hulls_come_and_go_with_their_class(points):
    flat = CORNERS * [1, 1, 0]
    central = {"<b>": CORNERS, "safe": flat}
    figure = draw_principal_components(points, np.array([0.5, 0.3, 0.2]), central)
    images, hulls = figure.data[:2], figure.data[2:]
    assert [hull.type for hull in hulls] == ["mesh3d", "mesh3d"]
    assert [hull.legendgroup for hull in hulls] == [trace.legendgroup for trace in images]
    assert [hull.color for hull in hulls] == list(class_colours(["<b>", "safe"]).values())
    assert not any(hull.showlegend for hull in hulls)
    assert (len(hulls[0].x), len(hulls[0].i)) == (4, 4)
    assert (len(hulls[1].x), len(hulls[1].i)) == (3, 1)
    show, hide = figure.layout.updatemenus[0].buttons
    assert (show.args[0]["opacity"], hide.args[0]["opacity"]) == (hulls[0].opacity, 0)
    assert show.args[1] == hide.args[1] == (2, 3)


def test_components_without_variance_are_called_so(points):
    figure = draw_principal_components(points, np.array([1.0, 0, 0]))
    titles = [figure.layout.scene[f"{axis}axis"].title.text for axis in "xyz"]
    assert titles == ["PC 1 (100%)", "PC 2 (no variance)", "PC 3 (no variance)"]


def test_json_holds_neither_plotly_s_template_nor_names_as_html(points):
    text = draw_principal_components(points, np.array([0.5, 0.3, 0.2])).to_json()
    assert len(text) < 4000
    assert "<i>" not in text
    assert json.loads(text)["data"][0]["type"] == "scatter3d"


def test_explained_variance_says_how_many_components_hold_the_share():
    table = pd.DataFrame(
        {
            "projection": ["plain"] * 2 + ["standardised"] * 2,
            "component": [1, 2] * 2,
            "explained": [0.95, 0.05, 0.6, 0.4],
            "cumulative": [0.95, 1.0, 0.6, 1.0],
        }
    )
    figure = draw_explained_variance(table, 0.9)
    figure.savefig(io.BytesIO(), format="png")
    each, together = figure.axes
    assert [line.get_ydata().tolist() for line in each.lines] == [[0.95, 0.05], [0.6, 0.4]]
    assert [line.get_ydata().tolist() for line in together.lines] == [[0.95, 1], [0.6, 1]]
    labels = [text.get_text() for text in together.get_legend().get_texts()]
    assert labels == ["plain: 1 component holds 90 %", "standardised: 2 components hold 90 %"]
    none = draw_explained_variance(table.assign(explained=0.0, cumulative=0.0), 0.9)
    none.savefig(io.BytesIO(), format="png")
    labels = [text.get_text() for text in none.axes[1].get_legend().get_texts()]
    assert labels == ["plain: no variance", "standardised: no variance"]
