"""``%bert_explain``: an edit, an anchor, training rows and an overview, as the user types them."""

import pytest

from bertmagic.errors import OptionError


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ('"a film" --edit --protect film --protect "a b" --words-from bert --target good',
         {"text": "a film", "edit": True, "protect": ("film", "a b"), "words_from": "bert", "target": "good"}),
        ('"a film" --anchor --seed 3', {"text": "a film", "anchor": True, "seed": 3}),
        ('"a film" --rows train --rows-by word_gradients --top-k 3',
         {"text": "a film", "rows": "train", "rows_by": "word_gradients", "top_k": 3}),
        ("--overview column --second column --by thing", {"overview": ["a"], "second": ["a"], "by": ("thing",)}),
    ],
)  # fmt: skip
def test_what_is_typed_is_what_is_asked(run, calls, shell, typed, known):
    shell.user_ns["column"] = ["a"]
    run("%bert_load own")
    outcome = run(f"%bert_explain {typed}")
    assert outcome.error is None
    assert calls[-1][0] == "explain"
    asked = dict(calls[-1][2])
    if "words_from" in asked:  # the model that the name means, or the name
        asked["words_from"] = getattr(asked["words_from"], "name", asked["words_from"])
    assert asked == known


def test_rows_are_those_of_training(run):
    outcome = run('%bert_explain "a" --rows test')
    assert isinstance(outcome.error, OptionError)
    assert "train" in str(outcome.error)
