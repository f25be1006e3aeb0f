import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.figures.crop_sheet import draw_crop_examples
from plankton_embedding.figures.data_report import (
    ReportedData,
    choose_pictures,
    render_data_report,
)
from plankton_embedding.figures.size_distribution import draw_size_distribution
from plankton_embedding.images.crop_examples import CropExample
from plankton_embedding.images.summary import count_classes, summarise_data

PREPROCESS = {"image_size": 80, "fit": "resize", "crop_bottom": 0, "background": "white"}


def make_data(classes: int = 3, images: int = 30) -> ReportedData:
    """Return classes of which the last is dropped, a rejected file and a label conflict."""
    names = [f"class <{number}>" for number in range(classes)]
    manifest = pd.DataFrame(
        [
            {
                "image_id": f"{name}/{number:03d}.png",
                "class_name": name,
                "status": "accepted",
                "reason": "",
                "sha256": f"{name}{number}",
                "width": 40 + number,
                "height": 30,
                "mode": "L",
                "scale_bar": 0,
                "frames": 1,
            }
            for name in names
            for number in range(images)
        ]
    )
    manifest.loc[0, ["status", "reason"]] = ["rejected", "too small: 2 x 2 pixels"]
    used = manifest[manifest["status"] == "accepted"]
    split = np.array(["train", "train", "validation", "test"])[np.arange(len(used)) % 4]
    splits = used[["image_id", "class_name"]].assign(
        split=np.where(used["class_name"] == names[-1], "dropped", split)
    )
    duplicates = pd.DataFrame(
        {
            "image_id": [f"{names[1]}/002.png", f"{names[0]}/009.png"],
            "class_name": [names[1], names[0]],
            "duplicate_of": [f"{names[0]}/005.png", f"{names[0]}/008.png"],
            "class_name_of_other": [names[0], names[0]],
            "kind": ["near", "exact"],
            "distance": [2, 0],
            "label_conflict": [True, False],
        }
    )
    counts = count_classes(manifest, splits)
    return ReportedData(manifest, splits, duplicates, counts, summarise_data(manifest, splits))


def render(data: ReportedData, per_class: int = 4, **changes: object) -> str:
    shown = choose_pictures(data, per_class)
    random = np.random.default_rng(0)
    pictures = {name: random.integers(0, 256, (80, 80), dtype=np.uint8) for name in shown}
    return render_data_report(
        data, pictures, changes.pop("crops", []), PREPROCESS | changes, per_class
    )


def test_of_each_class_in_use_some_are_shown_and_all_copies():
    data = make_data()
    shown = choose_pictures(data, 4)
    by_class = pd.Series(shown).str.split("/").str[0].value_counts()
    # Four of each, evenly spread, and those copies that are not among them.
    assert by_class.to_dict() == {"class <0>": 7, "class <1>": 5}
    assert choose_pictures(data, 4) == shown
    assert choose_pictures(data, 1000)[:29] == data.splits["image_id"][:29].tolist()


def test_the_page_says_what_was_found_and_shows_it():
    html = render(make_data())
    assert (
        "The same picture stands under two classes, 1 pair: 1 × class &lt;0&gt; and class &lt;1&gt;"
        in html
    )
    assert "1 too small" in html
    assert "class &lt;1&gt;" in html
    assert "class <1>" not in html
    for anchor in re.findall(r'href="#([a-z]+)"', html):
        assert f'id="{anchor}"' in html
    pictures = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="[^"]+"', html)
    # Four of each of two classes, and two pairs of copies.
    assert len(pictures) == 8 + 4
    assert Image.open(io.BytesIO(base64.b64decode(pictures[0]))).size == (80, 80)
    assert "two classes</strong>: class &lt;1&gt; and class &lt;0&gt;, near, 2 bits apart" in html


def test_dark_images_in_a_white_square_are_told():
    data = make_data()
    square = np.full((80, 80), 255, dtype=np.uint8)
    square[20:60] = 2
    pictures = dict.fromkeys(choose_pictures(data, 4), square)
    html = render_data_report(data, pictures, [], PREPROCESS, 4)
    assert "Dark images were put into a white square: 12 of the 12 images looked at." in html


def with_unseen_classes() -> ReportedData:
    """Return four classes: one unseen, one of whose images is dropped as a copy, one dropped."""
    data = make_data(classes=4)
    splits = data.splits.copy()
    splits.loc[splits["class_name"] == "class <1>", "split"] = "unseen"
    splits.loc[splits["image_id"] == "class <0>/005.png", "split"] = "dropped"
    manifest = data.image_manifest
    counts, summary = count_classes(manifest, splits), summarise_data(manifest, splits)
    return ReportedData(manifest, splits, data.duplicates, counts, summary)


def test_unseen_classes_are_told_apart():
    html = " ".join(render(with_unseen_classes()).split())
    assert "119 images of 3 classes" in html
    assert "in use, and 1 that training never sees" in html
    assert "Training never sees 1 of the classes (30 images): class &lt;1&gt;." in html
    assert (
        "as copies of unseen images: 1 image of classes that train (1 of class &lt;0&gt;)" in html
    )
    assert "too small to split: class &lt;3&gt;." in html
    assert "30 images, unseen</span>" in html
    assert ">Unseen<" in html
    assert "unseen" not in render(make_data()).lower()


def test_nothing_is_loaded_from_anywhere():
    html = render(make_data())
    assert not re.search(r'(src|href)="(?!data:|#)', html)


def test_a_hundred_classes_make_a_page_of_a_few_megabytes():
    assert len(render(make_data(classes=100, images=30), per_class=12)) < 15e6


def test_what_is_cut_off_is_shown_where_something_is():
    plane = np.full((60, 40), 255, dtype=np.uint8)
    crops = [CropExample("a.png", plane, 20), CropExample("b.png", plane, 0)]
    html = render(make_data(), crops=crops, crop_bottom="auto")
    assert 'id="crops"' in html
    assert "A scale bar was found in 0 of" in " ".join(html.split())
    assert 'id="crops"' not in render(make_data())
    first, second = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn.address.split(",")[1]))))
        for drawn in draw_crop_examples(crops)
    )
    red = first[:, :, 0].astype(int) - first[:, :, 2]
    assert (red[42:] > 100).all()
    assert (red[:38] < 30).all()
    assert (second == 255).all()


@pytest.mark.parametrize(("pixel_size", "unit"), [(float("nan"), "pixels"), (10.6, "mm")])
def test_sizes_are_in_millimetres_where_pixels_have_a_size(pixel_size, unit):
    data = make_data()
    figure = draw_size_distribution(data.image_manifest.assign(pixel_size=pixel_size), 80)
    axes = figure.axes[0]
    assert f"longer side, {unit}" in axes.get_xlabel()
    median = axes.lines[0].get_xdata()[0]
    assert median == pytest.approx(54.5 * (1 if unit == "pixels" else 0.0106))
