"""Which model suits which data, and trying some."""

import json
import shutil
import signal

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.errors import Interrupted
from bertmagic.models import catalogue
from bertmagic.models.status import Catalogue
from bertmagic.run import folders
from bertmagic.run.locks import RunLock
from bertmagic.tuning.advice import advise
from bertmagic.tuning.results import Advice
from bertmagic.workflows import resolve

CHINESE = [f"这部电影非常好看{i}，我很喜欢" for i in range(40)]
GERMAN = [f"das Buch war nicht gut und die Seiten {i} sind lose" for i in range(40)]


@pytest.fixture
def alone(monkeypatch):
    """No models but those of this folder."""
    monkeypatch.setattr(catalogue, "listed", lambda: Catalogue(()))


@pytest.fixture
def own(make_rows):
    """A small encoder of this folder, so that nothing large is timed."""
    return bm.new_model("tiny", vocab_from=[*make_rows(400)["text"].tolist() * 3], name="own", vocab_size=400)


def labelled(texts):
    return pd.DataFrame({"text": texts, "label": ["a", "b"] * (len(texts) // 2)})


def test_models_that_know_the_language_come_first(own):
    advice = bm.catalogue(labelled(CHINESE), show=False)
    assert isinstance(advice, Advice)
    assert advice.languages == {"Chinese": 1.0}
    order = [one.entry.alias for one in advice.models if one.entry.alias != "own"]
    assert set(order[:3]) >= {"bert-chinese"}
    assert order.index("bert-chinese") < order.index("minilm")
    assert order.index("xlmr") < order.index("bert")
    german = bm.catalogue(labelled(GERMAN), show=False)
    assert next(one.entry.alias for one in german.models if one.entry.alias != "own") == "bert-german"


def test_a_model_that_cannot_read_a_part_of_the_texts_is_not_first(own):
    words = [f"it was not what we had wanted {at}" for at in range(36)]
    advice = bm.catalogue(labelled([*words, *CHINESE[:8]]), show=False)
    order = [one.entry.alias for one in advice.models if one.entry.alias != "own"]
    assert set(order[:2]) == {"mbert", "xlmr"}
    assert set(advice.unread) == set(order[2:]) - {"bert-chinese", "bert-german", "bert-spanish"}
    shown = advice._repr_mimebundle_()
    for page in shown.values():
        assert "Models that cannot read a tenth of these texts or more come last" in page
        assert "deberta" in page
    readable = bm.catalogue(labelled(words), show=False)
    assert "cannot read a tenth" not in repr(readable)
    assert next(one.entry.alias for one in readable.models if one.entry.alias != "own") not in {"mbert", "xlmr"}


def test_texts_of_no_recognized_language_are_known_to_no_model(own):
    words = ["it was not what we had wanted"] * 20 + ["xyzzy"] * 16
    advice = bm.catalogue(labelled([*words, *CHINESE[:4]]), show=False)
    english, chinese = (f"{advice.languages[name]:.0%}" for name in ("English", "Chinese"))
    reasons = {one.entry.alias: one.reasons for one in advice.models}
    assert reasons["bert"][0] == f"knows the language of {english} of the texts"
    assert reasons["bert-chinese"][0] == f"knows the language of {chinese} of the texts"
    assert 0.3 < advice.languages["other"] < 0.5
    assert "not recognized 4" in repr(advice)


def test_the_epochs_of_the_times_are_those_of_a_run(own, make_rows):
    advice = bm.catalogue(make_rows(), label="label", show=False)
    assert advice.epochs == 10
    assert "a run with the default options, here 10 epochs;" in repr(advice)


def test_it_says_why_what_it_takes_and_what_was_published(own, make_rows):
    advice = bm.catalogue(make_rows(), label="label", show=False)
    text = repr(advice)
    assert "knows the language" in text
    assert "Languages: English" in text
    by_alias = {one.entry.alias: one for one in advice.models}
    assert by_alias["bert-large"].seconds > by_alias["bert"].seconds > by_alias["distilbert"].seconds > 0
    assert by_alias["bert-large"].bytes > by_alias["bert"].bytes
    assert "Devlin et al. 2019" in by_alias["bert"].published
    assert not any(one.entry.tuned for one in advice.models)
    markup = advice._repr_mimebundle_()["text/html"]
    assert "Warner et al. 2024" in markup
    assert "<script" not in markup


def test_an_own_encoder_stands_where_what_it_read_puts_it(own, make_rows):
    def pretrained(name, encoder, tokens):
        shutil.copytree(folders.model_folder("own"), folders.model_folder(name))
        path = folders.model_folder(name) / "bertmagic.json"
        card = {**json.loads(path.read_text("utf-8")), "encoder": encoder, "run": {"tokens": tokens}}
        del card["vocabulary"]
        path.write_text(json.dumps(card), "utf-8")

    pretrained("further", "minilm", 46_539)
    pretrained("twice", "further", 6_000_000)
    pretrained("own_lm", "own", 172_152)
    advice = bm.catalogue(make_rows(), label="label", show=False)
    at = {one.entry.alias: one for one in advice.models}
    order = list(at)
    assert order.index("twice") < order.index("minilm") < order.index("further")
    assert at["twice"].score > at["minilm"].score > at["further"].score > at["minilm"].score - 0.2
    readable = [name for name in order if at[name].entry.trained_on is None or "English" in at[name].entry.trained_on]
    assert set(readable[-2:]) == {"own", "own_lm"}
    assert at["further"].reasons[0] == "its pre-training here read 46,539 tokens, which changes minilm little"
    assert at["twice"].reasons[0] == "its pre-training here read 6,046,539 tokens more than minilm"
    assert (
        at["own_lm"].reasons[0].startswith("began with random weights, and its pre-training here read 172,152 tokens")
    )
    assert at["further"].entry.trained_on == {"English"}
    (folders.model_folder("twice") / "bertmagic.json").write_text("{", "utf-8")
    left = [one.entry.alias for one in bm.catalogue(make_rows(), label="label", show=False).models]
    assert "twice" not in left
    assert "further" in left


def test_the_first_ones_that_can_be_had_are_tried_and_compared(alone, own, make_rows, monkeypatch):
    monkeypatch.setattr(resolve, "count_steps", lambda *known: 3)
    for name in ("own2", "own3"):
        shutil.copytree(folders.model_folder("own"), folders.model_folder(name))
    advice = bm.catalogue(make_rows(60), label="label", try_models=3, show=False)
    tried = {one.model: one for one in advice.tried if not one.error}
    assert set(tried) == {"own", "own2", "own3"}
    assert all(one.low <= one.score <= one.high for one in tried.values())
    assert {one.rows for one in tried.values()} == {18}
    assert "95 % interval" in advice._repr_mimebundle_()["text/html"]
    assert "18 held-out rows" in repr(advice)


def test_what_is_tried_is_shown_step_by_step_and_can_be_interrupted(alone, own, make_rows, monkeypatch):
    phases = []

    def hear(event):
        phases.append(event)
        if event.unit == "steps" and event.done == 2:
            signal.raise_signal(signal.SIGINT)

    chosen = options.read(options.commands.Models, {"data": make_rows(60), "label": "label", "try_models": 1})
    with pytest.raises(Interrupted, match="stopped while own was tried"):
        advise(chosen, hear)
    assert [event.done for event in phases if event.what == "trying own, model 1 of 1"] == [1, 2]
    after = next(at for at, event in enumerate(phases) if event.what.startswith("trying own"))
    assert all(event.what.startswith("trying own, model 1 of 1") for event in phases[after:])
    with RunLock("trying"):  # it was released
        pass


def test_without_data_it_is_the_list():
    assert type(bm.catalogue()).__name__ == "Catalogue"
