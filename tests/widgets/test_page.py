"""The view in Chromium, answered by the Python that a kernel runs: what is drawn, asked, pressed, said and saved."""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers

import bertmagic as bm
from bertmagic.attention import METHODS, STATISTICS
from bertmagic.display.attention import export
from bertmagic.display.attention.matrix import shown_matrix
from bertmagic.display.attention.settings import settings
from bertmagic.widgets.transport import PIECE

from ..browser.axe import violations
from ..test_architectures import config
from .conftest import drawn, long_maps
from .page import Page

pytestmark = pytest.mark.browser


def table(text):
    """Return the names and the numbers of an exported table."""
    rows = list(csv.reader(io.StringIO(text)))
    return rows[0], [row[0] for row in rows], np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])


def kinds(page):
    return [asked["kind"] for asked in page.asked]


def test_the_first_picture_needs_no_question(opened, maps):
    page = opened(maps, layer=1, heads=[2])
    assert kinds(page) == ["statistics"]
    assert page.text(".bm-title").endswith("layer 1, head 2 · weights")
    for name in ("All heads", "Lines", "Heat map", "The text"):
        colours = page.canvas(name).evaluate(
            "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
        )
        assert colours > 5, f"{name} is empty"


STATES = [
    {}, {"heads": [0, 2, 3]}, {"heads": [0, 3], "combine": "max"}, {"sentences": "A→B"}, {"sentences": "B→B"},
    {"hide_special": True}, {"merge_words": True}, {"merge_words": True, "hide_special": True, "sentences": "B→A"},
    {"method": "rollout", "hide_special": True}, {"method": "value_norms"}, {"method": "gradient"},
]  # fmt: skip


def test_its_numbers_are_those_of_python(opened, pair):
    usual = {"layer": 1, "heads": [1], "combine": "mean", "sentences": "all", "method": "weights"}
    usual |= {"hide_special": False, "merge_words": False}
    page = opened(pair)
    for state in STATES:
        page.set(**(usual | state))
        exported, wanted = table(page.saved("CSV").decode()), table(export(pair, "csv", **(usual | state)))
        assert exported[:2] == wanted[:2], state
        np.testing.assert_allclose(exported[2], wanted[2], atol=1e-6, err_msg=str(state))


def test_filters_and_words_are_made_of_what_is_there(opened, pair):
    page = opened(pair)
    before = len(page.asked), page.sent
    for sentences in ("A→A", "A→B", "B→A", "B→B", "all"):
        page.set(sentences=sentences)
    page.set(merge_words=True, hide_special=True, scale="square root", top=1)
    assert (len(page.asked), page.sent) == before


def test_a_head_is_asked_for_once(opened, maps):
    page = opened(maps, layer=0, heads=[0])
    for head in (1, 0, 1, 2, 1):
        page.set(heads=[head])
    assert [asked["heads"] for asked in page.asked if asked["kind"] == "picture"] == [[1], [2]]


def test_the_number_under_the_pointer_is_the_model_s(opened, maps):
    page = opened(maps, layer=1, heads=[2], pictures=["heat map"])
    page.keys("Heat map", "ArrowDown", "ArrowDown", "ArrowRight")
    assert "attends to" in page.text(".bm-number")
    rows = page.page.locator(".bm-list tr").all_inner_texts()
    weights = dict(row.rsplit("\t", 1) for row in rows)
    names = [token.text for token in maps.tokens]
    assert len(weights) >= 6
    for name, number in weights.items():
        assert abs(float(number) - maps.array[1, 2, 2, names.index(name)]) <= 1e-5
    box = page.canvas("Heat map").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] - 12)
    page.settle()
    place = page.text(".bm-tip")
    assert abs(float(place.split()[-1]) - maps.array[1, 2, -1, -1]) <= 1e-5


def test_keys_choose_heads_and_pin_tokens(opened, maps):
    page = opened(maps, layer=0, heads=[0])
    page.keys("All heads", "ArrowDown", "ArrowRight")
    assert (page.state()["layer"], page.state()["heads"]) == (1, [1])
    page.keys("All heads", "Shift+ArrowRight")
    assert page.state()["heads"] == [1, 2]
    page.keys("Lines", "ArrowDown", "ArrowDown", "Enter", "ArrowDown", "Enter")
    assert page.state()["pinned"] == [1, 2]
    page.canvas("All heads").focus()
    assert re.search(r"the.* \+ .*film.* attend to", page.text(".bm-number"))
    page.keys("Lines", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "Enter")
    assert (page.state()["direction"], page.state()["pinned"]) == ("attended by", [2])
    page.keys("Lines", "Escape")
    assert page.state()["pinned"] == []


def test_the_sum_of_pinned_tokens_is_told(opened, maps):
    page = opened(maps, layer=1, heads=[0], pinned=[1, 4])
    page.settle()
    number = float(page.page.locator(".bm-list td").first.inner_text())
    assert number == pytest.approx(maps.array[1, 0, [1, 4]].sum(axis=0).max(), abs=1e-5)


def test_python_sets_what_is_on_screen(opened, maps):
    page = opened(maps, layer=0, heads=[0])
    page.set(layer=1, heads=[3], method="head_mean", find="film", pictures=["heat map"])
    for name in ("Bars show", "Order", "Head"):  # a map of all heads has no head to choose
        assert not page.page.get_by_label(name, exact=True).is_visible()
    assert page.text(".bm-title").endswith("layer 1 · mean of all heads")
    assert not page.canvas("Lines").is_visible()
    assert page.page.locator("input[type=search]").input_value() == "film"
    assert page.page.get_by_label("Method").input_value() == "head_mean"


def test_every_control_has_a_name(opened, pair):
    page = opened(pair, heads=[0, 1])
    for role in ("slider", "combobox", "searchbox", "button", "application"):
        for one in page.page.get_by_role(role).all():
            name = one.evaluate("node => node.ariaLabel || node.labels?.[0]?.textContent || node.textContent")
            assert name.strip(), one.evaluate("node => node.outerHTML")
    unseen = page.page.locator("canvas:not([aria-label]), input:not([id])").count()
    assert unseen == 0


def test_order_and_rank_by_a_statistic(opened, maps):
    page = opened(maps, statistic="distance", order="statistic", layer=0, heads=[0])
    wanted = maps.head_statistics().distance.to_numpy().argsort()[::-1]
    buttons = page.page.locator(".bm-heads button")
    assert buttons.first.inner_text() == f"{wanted[0] // 4}·{wanted[0] % 4}"
    box = page.canvas("All heads").bounding_box()
    page.page.mouse.click(box["x"] + 26 + 24 + 10, box["y"] + 18 + 10)  # the second thumbnail
    page.settle()
    assert (page.state()["layer"], page.state()["heads"]) == (wanted[1] // 4, [wanted[1] % 4])


def test_importance_is_measured_when_it_is_chosen(opened, maps):
    page = opened(maps)
    assert "importance" not in kinds(page)
    page.set(statistic="importance")
    assert kinds(page)[-1] == "importance"
    assert page.page.locator(".bm-heads button").count() == 6


def test_an_error_is_told_and_the_head_stays(opened, maps):
    page = opened(replace(maps, gradients=None))
    page.set(method="gradient")
    assert "gradients" in page.text(".bm-status")
    assert page.canvas("Heat map").is_visible()


def test_the_formula_has_the_numbers(opened, maps):
    page = opened(maps, layer=1, heads=[3], pinned=[2])
    page.page.get_by_text("The formula").click()
    page.settle()
    text = page.text(".bm-formula")
    query = maps.layers[1].query[3, 2]
    weights = maps.array[1, 3, 2]
    assert f"{abs(query[0]):.3f}" in text
    assert f"{weights.max():.5f}" in text
    scores = maps.detail(1, 3).scores[2]
    assert f"{scores[weights.argmax()]:.3f}".replace("-", "−") in text.replace("-", "−")
    assert page.page.locator(".bm-formula math msqrt").count() >= 2
    assert page.page.locator(".bm-formula canvas[role=img]").count() >= 3


def test_the_formula_says_what_is_not_available(opened, without_details):
    page = opened(without_details, pinned=[1])
    page.page.get_by_text("The formula").click()
    page.settle()
    assert "not available" in page.text(".bm-formula")


@pytest.mark.parametrize(
    ("kind", "expected"), [("deberta-v2", "The bias is the model's term"), ("modernbert", "rotary")]
)
def test_the_formula_shows_what_positions_do(opened, tokenizer, tmp_path, pictures, kind, expected):
    tiny = config(kind, tokenizer)
    tiny.initializer_range = 0.3  # or all weights would be alike
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = transformers.AutoModelForSequenceClassification.from_config(tiny)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    maps = bm.load(tmp_path).attention("the film was not superb", show=False)
    page = opened(maps, layer=1, heads=[3], pinned=[2])
    page.page.get_by_text("The formula").click()
    page.settle()
    text = page.text(".bm-formula").replace("−", "-")
    detail, best = maps.detail(1, 3), maps.array[1, 3, 2].argmax()
    assert expected in text
    assert f"{detail.scores[2, best]:.3f}" in text
    assert (detail.bias is not None) == ("instead of 1/√d" in text) == (kind == "deberta-v2")
    head = page.page.locator(".bm-formula thead").inner_text().split()
    if kind == "deberta-v2":
        assert head == ["token", "q·k", "scaled", "bias", "score", "weight"]
        assert f"{detail.bias[2, best]:.3f}" in text
    else:
        assert head == ["token", "q·k", "score", "weight"]
    page.page.screenshot(path=pictures / f"attention-formula-{kind}.png", full_page=True)


def test_a_comparison_is_signed_and_ranked(opened, learnt):
    maps = learnt.attention("the film was not superb", compare="base", show=False)
    page = opened(maps)
    assert "difference from" in page.text(".bm-title")
    ranked = maps.comparison.ranking()
    assert page.text(".bm-heads button") == f"{ranked.layer[0]}·{ranked['head'][0]}"
    numbers = table(page.saved("CSV").decode())[2]
    assert numbers.min() < 0 < numbers.max()
    page.page.get_by_text("The numbers of this head").click()
    page.settle()
    assert page.page.locator("thead th").count() == 4


def test_a_model_compared_with_itself_differs_nowhere(opened, maps):
    page = opened(replace(maps, comparison=maps.compare(maps)))
    assert (table(page.saved("CSV").decode())[2] == 0).all()


def test_another_text_stands_beside(opened, learnt, maps):
    page = opened(maps.beside(learnt.attention("a superb phone", show=False)))
    assert "a superb phone" in page.text("[aria-label='Prediction']")
    page.page.get_by_text("The numbers of this head").click()
    page.settle()
    assert "a superb phone" in page.text("thead")


def test_a_closed_kernel_leaves_what_was_loaded(opened, maps):
    page = opened(maps, layer=0, heads=[0])
    page.set(heads=[1])
    page.page.evaluate("() => tell('comm_live_update')")
    assert "kernel is closed" in page.text(".bm-status")
    page.set(heads=[0])
    assert "previous head" not in page.text(".bm-status")
    page.set(heads=[3], method="rollout")
    assert "previous head" in page.text(".bm-status")
    assert "bm-late-grid" in page.page.locator(".bm-attention").get_attribute("class")
    page.page.get_by_role("button", name="Save as SVG").click()
    page.page.get_by_text("Not saved: what was chosen is not shown.").wait_for()
    page.set(heads=[0], method="weights")
    assert "Not saved" not in page.text(".bm-status")
    assert "bm-late" not in page.page.locator(".bm-attention").get_attribute("class")
    assert page.canvas("Heat map").is_visible()


def test_a_kernel_that_does_not_answer_is_told(opened, maps):
    page = opened(maps, alive=False)
    page.page.locator(".bm-status:not(:empty)").wait_for()
    assert "Waiting for the kernel" in page.text(".bm-status")


def test_shown_twice_both_follow_and_both_can_go(opened, maps):
    page = opened(maps, layer=0, heads=[0])
    page.page.evaluate(
        """() => {
          const el = document.body.appendChild(document.createElement("div"))
          window.second = new AbortController()
          widget.render({model, el, signal: second.signal})
        }"""
    )
    page.set(heads=[2])
    assert {one.inner_text() for one in page.page.locator(".bm-title").all()} == {page.text(".bm-title")}
    assert page.page.locator(".bm-status:not(:empty)").count() == 0
    page.page.evaluate("() => { control.abort(); second.abort() }")
    assert page.page.locator(".bm-attention").count() == 0
    assert page.page.evaluate("() => Object.values(heard).flat().length") == 0


def test_an_encoder_without_a_head_offers_nothing_that_takes_a_gradient(opened, maps):
    page = opened(replace(maps, outputs=(), prediction=(), said="", gradients=None))
    offered = {option.get_attribute("value") for option in page.page.locator("select option").all()}
    assert {*METHODS, *STATISTICS} - offered == {"gradient", "importance"}


def test_two_views_on_a_page_have_controls_of_their_own(opened, maps):
    page = opened(maps)
    page.page.evaluate(
        """async () => {
          const url = URL.createObjectURL(new Blob([model.get("_esm")], {type: "text/javascript"}))
          const el = document.body.appendChild(document.createElement("div"))
          ;(await import(url)).default.render({model, el, signal: control.signal})
        }"""
    )
    ids = page.page.evaluate("() => [...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) > 20
    assert len(set(ids)) == len(ids)
    assert page.page.get_by_label("Method").count() == 2
    assert violations(page.page, ".bm-attention") == []


@pytest.mark.parametrize("tokens", [12, 512])
def test_nodes_do_not_grow_with_the_text(opened, tokens):
    page = opened(long_maps(tokens), pinned=[3])
    page.page.locator("summary").first.click()
    page.settle()
    assert page.page.locator(".bm-attention *").count() < 400
    assert page.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_exact_numbers_of_a_long_text_come_in_pieces(opened):
    maps = drawn(1, 2, [f"word{at}" for at in range(900)])
    page = opened(maps)
    assert "picture" in kinds(page)  # too large to come with the view
    shown, wanted = table(page.saved("CSV").decode()), table(export(maps, "csv"))
    assert page.largest <= PIECE < maps.array[0, 0].nbytes
    assert shown[:2] == wanted[:2]
    np.testing.assert_allclose(shown[2], wanted[2], atol=1e-6)
    assert page.errors == []


@pytest.mark.parametrize("width", [320, 480, 760, 1400])
def test_it_fits_any_width(opened, maps, width):
    page = opened(maps, pinned=[2])
    page.page.set_viewport_size({"width": width, "height": 900})
    page.settle()
    assert page.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_text_of_no_words_and_one_of_a_word(opened):
    for words in ([], ["one"]):
        page = opened(drawn(2, 2, words), hide_special=True)
        page.keys("Heat map", "ArrowDown", "Enter")
        page.keys("Lines", "ArrowDown", "Enter")
        assert page.canvas("All heads").is_visible()


def test_svg_and_png_are_what_is_on_screen(opened, maps):
    page = opened(maps, layer=1, heads=[2], pictures=["lines"], pinned=[1])
    svg = page.saved("SVG").decode()
    assert svg.count("<image") == 0
    shown = shown_matrix(maps, settings(maps, {"layer": 1, "heads": [2]}))
    lines = int((shown.matrix[1] >= 0.05 * shown.peak).sum())
    assert svg.count("<path") == lines
    assert page.saved("PNG").startswith(b"\x89PNG")


def test_a_saved_page_opens_where_it_was(opened, chromium, maps, tmp_path):
    page = opened(maps, layer=1, heads=[2], pinned=[3], scale="square root")
    for name, data in (
        ("button", page.saved("HTML")),
        ("python", export(maps, "html", layer=1, heads=[2], pinned=[3])),
    ):
        path = tmp_path / f"{name}.html"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        context = chromium.new_context(offline=True)
        saved, errors = context.new_page(), []
        saved.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        saved.on(
            "console", lambda message, errors=errors: errors.append(message.text) if message.type == "error" else None
        )
        saved.goto(path.as_uri())
        assert saved.locator(".bm-title").inner_text().endswith("layer 1, head 2 · weights")
        assert f"{maps.array[1, 2, 3].max():.5f}" in saved.locator(".bm-list").inner_text()
        assert "saved" in saved.locator(".bm-status").inner_text()
        assert saved.locator(".bm-heads button").count() == 6
        assert errors == []
        context.close()


def test_a_dark_page_has_light_text(chromium, maps):
    page = Page(chromium, maps.view(), dark=True)
    page.settle()
    back = page.canvas("Heat map").evaluate(
        "c => [...c.getContext('2d').getImageData(c.width - 30, c.height - 30, 1, 1).data]"
    )
    assert max(back[:3]) < 90
    page.close()


def test_it_takes_the_colours_of_vs_code(chromium, maps):
    """Which sets its own variables, and no colour scheme."""
    page = Page(chromium, maps.view())
    page.settle()
    root = page.page.locator(".bm-attention")
    page.page.evaluate("document.body.style.setProperty('--jp-ui-font-color1', 'initial')")
    assert root.evaluate("root => getComputedStyle(root).color") == "rgb(0, 0, 0)"
    page.page.evaluate("document.body.style.setProperty('--vscode-foreground', '#cccccc')")
    assert root.evaluate("root => getComputedStyle(root).color") == "rgb(204, 204, 204)"
    page.close()
