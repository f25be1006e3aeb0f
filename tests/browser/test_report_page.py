"""The report in a browser: figures are drawn, sliders move, tables sort, nothing complains."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from pages import PAGE_PATIENCE, wait_until_drawn
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
    page.wait_for_function(DRAWN, arg=view.element_handle())
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
    assert page.locator("figure > svg").count() >= 16
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
    step = "view => view._fullLayout.sliders[0].active"
    axis = "view => view._fullLayout.scene.xaxis.range"
    last, shown = view.evaluate(step), view.evaluate(axis)
    assert last == STEPS - 1
    buttons = view.locator(".updatemenu-button")
    play, pause = (buttons.filter(has_text=text).element_handle() for text in ("Play", "Pause"))

    # In the page, so that no step goes by unseen.
    page.evaluate(
        f"""([view, play, pause]) => new Promise((done, fail) => {{
            setTimeout(() => fail(new Error("it does not play")), {PAGE_PATIENCE});
            const look = () => ({step})(view) < {last}
                ? done(pause.dispatchEvent(new Event("click"))) : requestAnimationFrame(look);
            play.dispatchEvent(new Event("click"));
            look();
        }})""",
        [view.element_handle(), play, pause],
    )
    wait_until_drawn(page)
    paused = view.evaluate(step)
    page.wait_for_timeout(2000)  # more than all frames take
    assert view.evaluate(step) == paused < last

    play.dispatch_event("click")
    page.wait_for_function(f"view => ({step})(view) === {last}", arg=view.element_handle())
    # The axes do not move with what they measure.
    assert view.evaluate(axis) == shown


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


def test_the_slider_shows_a_hundred_names_apart(open_page, hundred):
    page = open_page(hundred["report"], viewport={"width": 1280, "height": 900})
    view = draw(page, "confusion-slider")
    boxes = view.evaluate(
        "view => [...view.querySelectorAll('.x2tick text')]"
        ".map(text => text.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    assert len(boxes) == 100
    boxes = sorted(boxes, key=lambda box: box[0])
    assert all(before[1] <= after[0] + 0.5 for before, after in pairwise(boxes))
    assert view.evaluate("view => view.closest('figure').scrollWidth") > 1280 * 0.8


@pytest.mark.parametrize("name", ["outputs", "hundred"])
def test_the_class_table_has_room(open_page, name, request):
    page = open_page(
        request.getfixturevalue(name)["report"], viewport={"width": 1280, "height": 900}
    )
    box = page.locator("#classes .table-box")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1017})  # A4 between its margins
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688


@pytest.mark.parametrize(
    ("width", "said", "other"),
    [
        (1280, "in the legend to hide it", "a wider screen"),
        (420, "a wider screen", "in the legend"),
    ],
)
def test_captions_speak_of_a_legend_where_there_is_one(open_page, outputs, width, said, other):
    page = open_page(outputs["report"], viewport={"width": width, "height": 900})
    for name in ("principal-components", "embedding-animation"):
        view = draw(page, name)
        caption = view.evaluate("view => view.closest('figure').innerText")
        assert said in caption
        assert other not in caption
        assert view.locator(".legend").count() == (width > 720)


FIGURES = """() => [...document.querySelectorAll('.interactive')].map((view) => {
    const {font, showlegend, width, scene} = view._fullLayout;
    const controls = view.querySelectorAll('.updatemenu-container, .slider-container, .modebar');
    const hidden = [...controls].every((part) => getComputedStyle(part).display === 'none');
    const tick = view.querySelector('.y2tick text, .legendtext, .gtitle');
    return {font: font.color, letters: getComputedStyle(tick).fill, width, hidden,
            grid: scene ? scene.xaxis.gridcolor : view._fullLayout.xaxis.linecolor};
})"""


def test_paper_is_white_and_holds_all_whatever_the_screen(open_page, outputs):
    page = open_page(
        outputs["report"], viewport={"width": 1280, "height": 900}, color_scheme="dark"
    )
    draw(page, "confusion-slider")
    draw(page, "embedding-animation")
    draw(page, "principal-components")
    draw(page, "radius-animation")
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = false; })")
    on_screen = page.evaluate(FIGURES)
    assert {figure["font"] for figure in on_screen} == {"#e4ecf2"}
    assert not any(figure["hidden"] for figure in on_screen)

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    for figure in page.evaluate(FIGURES):
        assert figure["font"] == "#1b2a37"
        assert figure["letters"] == "rgb(27, 42, 55)"
        assert figure["grid"] == "#dfe6ec"
        assert figure["width"] <= 690
        assert figure["hidden"]
    assert page.locator("details:not([open])").count() == 0
    ink = "getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()"
    assert page.evaluate(ink) == "#1b2a37"

    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(FIGURES) == on_screen
    assert page.locator("details[open]").count() == 0
    assert page.evaluate(ink) == "#e4ecf2"


def test_figures_that_were_never_on_screen_are_printed_dark_on_white(open_page, outputs):
    page = open_page(outputs["report"], color_scheme="dark")
    page.evaluate(
        "window.addEventListener('beforeprint', () => { window.printed = "
        "[...document.querySelectorAll('.interactive')].map(view => view.layout.font.color); })"
    )
    page.pdf(format="A4", prefer_css_page_size=True)
    assert page.evaluate("window.printed") == ["#1b2a37"] * 4
    page.wait_for_function(
        "[...document.querySelectorAll('.interactive')]"
        ".every(view => view.dataset.drawn === 'done' && view.layout.font.color === '#e4ecf2')"
    )


def test_it_prints_with_all_figures(open_page, outputs):
    page = open_page(outputs["report"])
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 8 or pdf.count(b"/Type /Page ") >= 8
