"""The report in a browser: figures are drawn, sliders move, tables sort, nothing complains."""

import numpy as np
import pandas as pd
import pytest

from report_run import report_on_embeddings

pytestmark = pytest.mark.slow

FEATURES, STEPS, IMAGES = 8, 3, 12
DRAWN = "view => view.dataset.drawn === 'done'"


def embeddings(classes):
    """Return classes that draw apart, one called by a name that is HTML."""
    random = np.random.default_rng(1)
    names = ["<b>bold</b> & long, part__Parent of a class of some sixty letters"]
    names += [f"part{number % 3}__Parent{number // 3}" for number in range(1, classes)]
    centres = random.normal(size=(classes, FEATURES))
    parts = []
    for step in range(1, STEPS + 1):
        for split in ("validation", "test") if step == STEPS else ("validation",):
            labels = np.repeat(np.arange(classes), IMAGES)
            vectors = centres[labels] * step / STEPS + random.normal(
                scale=0.3, size=(len(labels), FEATURES)
            )
            part = pd.DataFrame(
                vectors.astype("float32"), columns=[f"e{number:02d}" for number in range(FEATURES)]
            )
            part.insert(0, "image_id", [f"{split}_{number}" for number in range(len(part))])
            parts.append(part.assign(class_name=np.array(names)[labels], step=step, split=split))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    return report_on_embeddings(embeddings(6), tmp_path_factory.mktemp("six"))


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    return report_on_embeddings(embeddings(100), tmp_path_factory.mktemp("hundred"))


def draw(page, name):
    """Bring a figure into view and wait until it is drawn."""
    view = page.locator(f"#{name}")
    view.evaluate("view => view.closest('details')?.setAttribute('open', '')")
    view.scroll_into_view_if_needed()
    page.wait_for_function(DRAWN, arg=view.element_handle(), timeout=60_000)
    return view


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_every_figure_is_drawn(open_page, outputs, width, scheme):
    page = open_page(
        outputs["report"], viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    names = page.eval_on_selector_all(".interactive", "views => views.map(view => view.id)")
    assert names == [
        *("confusion-slider", "principal-components", "embedding-animation", "radius-animation")
    ]
    for name in names:
        draw(page, name)
    assert page.locator("figure > svg").count() >= 17
    # Nothing sticks out of a narrow window; what is wider scrolls in its own box.
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_contents_lead_to_every_section(open_page, outputs):
    page = open_page(outputs["report"])
    targets = page.eval_on_selector_all(
        "nav a", "links => links.map(link => link.getAttribute('href').slice(1))"
    )
    assert len(targets) == len(set(targets)) == 20
    for target in targets:
        assert page.locator(f"[id='{target}']").count() == 1
    sections = page.eval_on_selector_all("section", "all => all.map(section => section.id)")
    assert set(sections) <= set(targets)


def test_the_slider_moves_the_confusions(open_page, outputs):
    page = open_page(outputs["report"], viewport={"width": 1280, "height": 1000})
    view = draw(page, "confusion-slider")
    title = ".gtitle"
    assert "Step 3" in view.locator(title).text_content()
    last = view.evaluate("view => view.data[0].z.flat()")
    view.evaluate("view => Plotly.animate(view, [view._transitionData._frames[0].name])")
    page.wait_for_function(
        "view => view.querySelector('.gtitle').textContent.includes('Step 1')",
        arg=view.element_handle(),
    )
    assert view.evaluate("view => view.data[0].z.flat()") != last


def test_play_and_pause_go_through_the_training(open_page, outputs):
    page = open_page(outputs["report"], viewport={"width": 1280, "height": 1000})
    view = draw(page, "embedding-animation")
    buttons = view.locator(".updatemenu-button")
    play = buttons.filter(has_text="Play")
    play.dispatch_event("click")
    page.wait_for_timeout(300)
    buttons.filter(has_text="Pause").dispatch_event("click")
    page.wait_for_timeout(300)
    camera = view.evaluate("view => view._fullLayout.scene.xaxis.range")
    play.dispatch_event("click")
    page.wait_for_timeout(2500)
    # The axes do not move with what they measure.
    assert view.evaluate("view => view._fullLayout.scene.xaxis.range") == camera


def test_the_class_table_sorts(open_page, outputs):
    page = open_page(outputs["report"])
    table = page.locator("#classes table")
    heading = table.locator("th", has_text="Radius").first
    heading.locator("button").click()
    column = heading.evaluate("heading => heading.cellIndex")
    shown = table.locator(f"tbody tr > :nth-child({column + 1})").all_inner_texts()
    values = [float(text) for text in shown]
    assert values == sorted(values, reverse=True)
    assert values == pytest.approx(
        outputs["class_metrics"]["radius"].sort_values(ascending=False).tolist(), abs=6e-4
    )


def test_names_are_text(open_page, outputs):
    page = open_page(outputs["report"])
    assert page.locator("#classes b").count() == 0
    assert page.locator("#classes th", has_text="<b>bold</b> & long").count() >= 1


def test_a_hundred_classes_are_drawn(open_page, hundred):
    page = open_page(hundred["report"], viewport={"width": 1280, "height": 900})
    for name in ("confusion-slider", "principal-components", "embedding-animation"):
        draw(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.locator("#confusions figure.wide").count() == 2


def test_it_prints_with_all_figures(open_page, outputs):
    page = open_page(outputs["report"])
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 8 or pdf.count(b"/Type /Page ") >= 8
