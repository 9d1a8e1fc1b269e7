"""The view in Python: its state, its answers to the page, and what they weigh."""

import json
import tracemalloc

import numpy as np
import pytest

from bertmagic.display.attention.settings import Settings
from bertmagic.errors import OptionError
from bertmagic.widgets.attention import ANSWERS, AttentionView, answer

from .conftest import drawn, long_maps


def first_paint(view):
    """Return how many bytes go to the page for its first picture; script and style are sent once."""
    state = {name: value for name, value in view.get_state().items() if name not in ("_esm", "_css")}
    binary = sum(len(value) for value in state.values() if isinstance(value, bytes))
    return binary + len(json.dumps(state, default=lambda value: ""))


def test_state_is_read_and_set(maps):
    view = maps.view(layer=1, head=2, scale="square root")
    assert (view.layer, view.head, view.heads, view.scale) == (1, 2, [2], "square root")
    view.head = 3
    view.pinned = [1, 4]
    view.hide_special = True
    assert view.settings == Settings(
        layer=1, heads=(3,), pinned=(1, 4), hide_special=True, scale="square root"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("layer", 2), ("layer", -1), ("heads", [4]), ("heads", []), ("pinned", [99]), ("method", "weight"),
     ("output", "great"), ("statistic", "entropi"), ("scale", "log"), ("pictures", ["map"]), ("sentences", "C→A")],
)  # fmt: skip
def test_what_the_model_has_not_is_refused_and_nothing_changes(maps, name, value):
    view = maps.view(layer=1)
    before = view.settings
    with pytest.raises(OptionError):
        setattr(view, name, value)
    assert view.settings == before
    with pytest.raises(OptionError):
        maps.view(**{name: value})


def test_an_unknown_setting_names_the_nearest(maps):
    with pytest.raises(OptionError, match="layer"):
        maps.view(layers=1)


def test_every_page_that_shows_it_hears_the_answer_with_its_own_number(maps):
    view, sent = maps.view(), []
    view.send = lambda content, buffers: sent.append((content, buffers))
    view._handle_custom_msg({"id": "a-1", "kind": "exact", "layer": 1, "heads": [2]}, [])
    [(content, [buffer])] = sent
    assert content == {"id": "a-1"}
    np.testing.assert_array_equal(np.frombuffer(buffer, np.float32), maps.array[1, 2].ravel())


@pytest.mark.parametrize(
    "asked",
    [{"layer": 9}, {"heads": [9]}, {"heads": []}, {"method": "none"}, {"token": 99}, {"output": "great"},
     {"method": "gradient", "output": "great"}],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["picture", "detail"])
def test_errors_go_to_the_page_in_words(maps, kind, asked):
    header, buffers = answer(maps, {"kind": kind, **asked})
    assert buffers == []
    assert header["error"]


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_answer_is_json_with_bytes(maps, kind):
    header, buffers = answer(maps, {"kind": kind, "layer": 1, "heads": [0, 2], "token": 3})
    json.dumps(header, allow_nan=False)
    assert all(isinstance(buffer, bytes) for buffer in buffers)


def test_the_numbers_of_the_formula_give_the_weights(maps):
    header, buffers = answer(maps, {"kind": "detail", "layer": 1, "heads": [3], "token": 2})
    query, products, scores, weights, values = (np.frombuffer(buffer, np.float32) for buffer in buffers)
    assert len(query) == header["width"] == 8
    np.testing.assert_allclose(products * header["scale"], scores, rtol=1e-5)
    shares = np.exp(scores - scores.max())
    np.testing.assert_allclose(shares / shares.sum(), weights, atol=1e-6)
    assert len(values) == len(weights) * header["width"]


def test_a_model_without_queries_says_so(without_details):
    header, buffers = answer(without_details, {"kind": "detail", "layer": 0, "heads": [0], "token": 1})
    assert "only its weights" in header["why_not"]
    assert buffers == []


def test_importance_is_asked_for_alone(maps):
    assert "importance" not in answer(maps, {"kind": "statistics"})[0]["statistics"]
    assert len(answer(maps, {"kind": "importance"})[0]["importance"]) == 8


def test_a_comparison_opens_at_the_head_that_differs_most(learnt, encoder):
    text = "the film was not superb"
    compared = learnt.attention(text, compare="base", show=False)
    view = compared.view()
    ranked = compared.comparison.ranking()
    assert (view.method, view.statistic) == ("difference", "divergence")
    assert (view.layer, view.head) == (ranked.layer[0], ranked["head"][0])
    reply, _ = answer(compared, {"kind": "statistics"})
    assert max(reply["statistics"]["divergence"]) == pytest.approx(ranked.divergence[0], rel=1e-3)
    assert reply["sideBySide"]["second"]["entropy"] != reply["sideBySide"]["first"]["entropy"]


def test_another_text_is_told_beside_without_a_difference(learnt, maps):
    both = maps.beside(learnt.attention("a superb phone", show=False))
    view = both.view()
    assert view.method == "weights"
    assert view._about["compared"]["text"] == "a superb phone"
    assert answer(both, {"kind": "statistics"})[0]["sideBySide"]["text"] is True


def test_first_paint_of_a_bert_base_at_128_tokens_is_a_quarter_of_a_megabyte():
    maps = long_maps(128)
    view = maps.view()
    assert first_paint(view) <= 250_000
    asked = [{"kind": "picture", "layer": at // 12, "heads": [at % 12]} for at in range(144)]
    pictures = [answer(maps, one)[1][0] for one in asked]
    assert first_paint(view) + sum(map(len, pictures)) <= 2_500_000


def test_a_layer_at_512_tokens_is_under_three_megabytes_and_a_third():
    maps = long_maps(512)
    assert sum(len(answer(maps, {"kind": "picture", "layer": 3, "heads": [h]})[1][0]) for h in range(12)) <= 3_300_000
    assert first_paint(maps.view()) <= 450_000


def test_a_view_of_128_tokens_takes_little_memory():
    maps = long_maps(128)
    maps.view()
    tracemalloc.start()
    view = maps.view()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
    assert isinstance(view, AttentionView)


def test_in_words_it_is_a_line():
    (line,) = repr(drawn(2, 3, ["a", "b"]).view()).splitlines()
    assert all(part in line for part in ("drawn", "2 layers", "3 heads", "4 tokens"))
