"""``%bert_similar``: two texts, or a text and a column, as the user types them."""

import pytest

from bertmagic.errors import OptionError


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ('"it died" "no charge" -m own', {"texts": "it died", "among": "no charge"}),
        ('"it died" column --top-k 3', {"texts": "it died", "among": ["a", "b"], "top_k": 3}),
        ('"it died" --file r.csv --text review --pooling first',
         {"texts": "it died", "file": "r.csv", "text": "review", "pooling": "first"}),
    ],
)  # fmt: skip
def test_what_is_typed_is_what_is_asked(run, calls, shell, typed, known):
    shell.user_ns["column"] = ["a", "b"]
    run("%bert_load own")
    run(f"%bert_similar {typed}")
    assert calls[-1][0] == "similar"
    assert calls[-1][2] == known


def test_an_unknown_pooling_is_an_error(run):
    outcome = run('%bert_similar "a" "b" --pooling max')
    assert isinstance(outcome.error, OptionError)
    assert "pooling" in str(outcome.error)
