import pandas as pd

from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.figures.data_chapter import render_data_chapter


def _render(class_counts, manifest, card=None):
    summary = {"fingerprint": "ab", "images_found": 1007, "images_accepted": 994}
    return render_data_chapter(
        class_counts,
        draw_class_counts(class_counts),
        manifest,
        {**summary, "images_rejected": 13},
        card or {},
        {},
    )


def _manifest(rejected, reasons):
    return pd.DataFrame(
        {
            "image_id": [f"Penilia/{row:03d}.png" for row in range(rejected)] + ["good.png"],
            "class_name": "Penilia",
            "status": ["rejected"] * rejected + ["accepted"],
            "reason": [f"reason {row % reasons}" for row in range(rejected)] + [""],
        }
    )


def test_at_most_200_rejected_images_are_listed_and_the_rest_is_counted(class_counts):
    html = _render(class_counts, _manifest(rejected=1230, reasons=12))
    assert html.count('<td class="path">') == 200
    assert "… and 1,030 more" in html
    assert "and 2 reasons that are less frequent" in html
    assert "<strong>103</strong> reason 0" in html
    assert "good.png" not in html


def test_no_rejected_image_is_said(class_counts):
    assert "No image was rejected." in _render(class_counts, _manifest(rejected=0, reasons=1))


def test_the_card_is_shown_nested_and_escaped(class_counts):
    card = {"training": {"head": {"steps": 3}}, "classes": ["<a>", "b"], "weights": None}
    html = _render(class_counts, _manifest(0, 1), card)
    assert "<dt>steps</dt><dd>3" in "".join(line.strip() for line in html.splitlines())
    assert "&lt;a&gt;, b" in html
    assert "none" in html
