from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from plankton_embedding.figures import palette
from plankton_embedding.figures.style import (
    INK,
    figure_style,
    figure_to_svg,
    short_label,
    short_labels,
)


def test_colours_depend_on_the_place_in_class_order_alone():
    few, many = palette.distinct_colours(5), palette.distinct_colours(100)
    assert many[:5] == few
    assert palette.class_colours(["b", "a", "b"]) == {"a": few[0], "b": few[1]}
    assert palette.class_colours([]) == {}


@pytest.mark.parametrize(("classes", "smallest"), [(10, 0.08), (27, 0.04), (100, 0.02)])
def test_colours_differ_for_every_kind_of_colour_vision(classes, smallest):
    levels = [
        [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        for colour in palette.distinct_colours(classes)
    ]
    for view in (np.eye(3), palette._PROTANOPIA, palette._DEUTERANOPIA):
        seen = palette._oklab(np.array(levels) / 255, view)
        differences = np.linalg.norm(seen[:, np.newaxis] - seen, axis=2)
        assert differences[~np.eye(classes, dtype=bool)].min() > smallest


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Penilia", "Penilia"),
        ("", "(no class)"),
        ("two\nlines\tand\x00more", "two lines and more"),
        ("x" * 32, "x" * 32),
        ("a" * 17 + "b" * 16, "a" * 15 + "…" + "b" * 16),
    ],
)
def test_labels_are_short_and_on_one_line(name, label):
    assert short_label(name) == label


def test_labels_of_different_names_differ():
    begin, end = "Calanoida_" * 3, "_of_the_open_sea"
    names = [f"{begin}2{end}", f"{begin}1{end}", "plain", "two\nlines", "two lines"]
    label = "Calanoida_Calan…_of_the_open_sea"
    numbered = [f"{label} (2)", f"{label} (1)", "plain", "two lines (1)", "two lines (2)"]
    assert short_labels(names) == numbered
    assert short_labels(reversed(names)) == numbered[::-1]
    assert short_labels([]) == []


def test_the_style_ends_with_its_context():
    before = mpl.rcParams["axes.titleweight"]
    with figure_style():
        assert mpl.rcParams["axes.titleweight"] == "bold"
    assert mpl.rcParams["axes.titleweight"] == before


def test_svg_follows_the_theme_and_holds_no_text_of_the_data():
    hostile = "--><script>alert(1)</script>$x_"
    with figure_style():
        figure = Figure()
        figure.subplots().set_title(hostile)
    svg = figure_to_svg(figure, 'a "quoted" <description>')
    assert ElementTree.fromstring(svg.replace("xlink:", "")).attrib["role"] == "img"
    assert "alert" not in svg
    assert "<!--" not in svg
    assert INK not in svg
    assert "var(--ink)" in svg
    assert 'aria-label="a &quot;quoted&quot; &lt;description&gt;"' in svg
    assert svg == figure_to_svg(figure, 'a "quoted" <description>')
