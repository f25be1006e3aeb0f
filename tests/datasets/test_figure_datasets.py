"""Figures, pages and animations in the catalogue: loaded as they were saved, and previewed."""

import base64
import inspect
import io

import pytest
from kedro.io import DataCatalog
from matplotlib.figure import Figure
from PIL import Image

MODULE = "plankton_embedding.datasets"
KINDS = {
    "figure": ("figure_dataset.FigureDataset", "figure.png"),
    "page": ("page_dataset.PageDataset", "page.html"),
    "animation": ("animation_dataset.AnimationDataset", "animation.gif"),
}


@pytest.fixture
def catalog(tmp_path):
    entries = {
        name: {"type": f"{MODULE}.{kind}", "filepath": str(tmp_path / file), "versioned": True}
        for name, (kind, file) in KINDS.items()
    }
    return DataCatalog.from_config(entries, save_version="2026-01-01T00.00.00.000Z")


def preview(catalog, name):
    dataset = catalog.get(name)
    annotation = inspect.signature(dataset.preview).return_annotation
    return getattr(annotation, "__name__", annotation), dataset.preview()


def test_a_figure_is_saved_as_png_and_loaded_as_svg(catalog, tmp_path):
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1], color="#123456")
    catalog.save("figure", figure)
    svg = catalog.load("figure")
    assert svg.startswith("<svg")
    assert "#123456" in svg
    kind, shown = preview(catalog, "figure")
    assert kind == "ImagePreview"
    png = base64.b64decode(shown)
    assert Image.open(io.BytesIO(png)).format == "PNG"
    (saved,) = tmp_path.glob("figure.png/*/figure.png")
    assert saved.read_bytes() == png


def test_a_page_comes_back_and_its_preview_names_it(catalog):
    page = "<title>Krill — Übersicht</title><script>1 < 2</script>"
    catalog.save("page", page)
    assert catalog.load("page") == page
    kind, shown = preview(catalog, "page")
    assert kind == "HTMLPreview"
    assert "Krill — Übersicht" in shown
    assert "<script" not in shown


def test_the_preview_of_a_page_tells_what_is_in_it(catalog):
    chapters = "".join(f'<li><a href="#{n}">big__class_{n}</a></li>' for n in range(40))
    catalog.save(
        "page",
        "<title>T</title><header><h1>T</h1><p>9 images of <code>a_b_c</code></p></header>"
        f"<nav><ol>{chapters}</ol></nav><main><a href='#'>elsewhere</a></main>",
    )
    _, shown = preview(catalog, "page")
    # Kedro-Viz would make a b c of it, with b in italics.
    assert "9 images of a b c" in shown
    assert "big class 0 · big class 1 ·" in shown
    assert "big class 29 · …" in shown
    assert "elsewhere" not in shown
    assert "_" not in shown


def test_an_animation_comes_back_byte_for_byte(catalog):
    frames = [Image.new("L", (4, 4), level) for level in (0, 255)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    catalog.save("animation", file.getvalue())
    assert catalog.load("animation") == file.getvalue()
    kind, shown = preview(catalog, "animation")
    assert kind == "ImagePreview"
    assert base64.b64decode(shown) == file.getvalue()
