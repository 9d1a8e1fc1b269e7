import ast

import pytest

CASES = [
    (
        '%%bert_finetune sentiment --show-code\ntrain = reviews\ntext = "review"\nlabel = "stars"\nepochs = 3',
        'sentiment = bm.finetune(reviews, text="review", label="stars", epochs=3, name="sentiment")',
    ),
    (
        "%bert_finetune --train reviews --lr 1e-4 --resume -o m --show-code",
        "m = bm.finetune(reviews, lr=1e-4, resume=True)",
    ),
    ('%bert_predict "a b" "c" -m sentiment --show-code', 'sentiment.predict(["a b", "c"])'),
    ("%bert_predict reviews.review -m monday --show-code", 'bm.load("monday").predict(reviews.review)'),
    ("%bert_predict {[1, 2]} -m {models[0]} --show-code", "(models[0]).predict([1, 2])"),
    (
        "%bert_predict --file x.csv --text review -m sentiment --show-code",
        'sentiment.predict(file="x.csv", text="review")',
    ),
    ('%%bert_predict -m sentiment --show-code\nIt\'s "x"\na ||| b', 'sentiment.predict(["It\'s \\"x\\"", ("a", "b")])'),
    ("%bert_evaluate reviews -m sentiment --by language --show-code", 'sentiment.evaluate(reviews, by=["language"])'),
    ("%bert_load models/a-b --show-code", 'a_b = bm.load("models/a-b")'),
    ("%bert_load sentiment --as clf --show-code", 'clf = bm.load("sentiment", name="clf")'),
    ("%bert_unload sentiment --show-code", "sentiment.unload()"),
    ("%bert_save sentiment models/x --show-code", 'sentiment.save("models/x")'),
    ("%bert_data sample:reviews --show-code", 'bm.check("sample:reviews")'),
    ("%bert_models --show-code", "bm.catalogue()"),
    (
        "%bert_models reviews --text review --label stars --try 3 --show-code",
        'bm.catalogue(reviews, text="review", label="stars", try_models=3)',
    ),
    ("%bert_status --show-code", "bm.status()"),
]


@pytest.fixture
def sentiment(shell, run, reviews):
    run("%bert_finetune sentiment --train reviews;")
    return shell.user_ns["sentiment"]


@pytest.mark.parametrize(("cell", "expected"), CASES)
def test_code(cell, expected, run, sentiment, calls):
    before = len(calls)
    outcome = run(cell)
    assert outcome.error is None
    assert outcome.out == f"import bertmagic as bm\n\n{expected}\n"
    ast.parse(outcome.out)
    assert len(calls) == before


def test_the_code_asks_the_api_for_the_same(shell, run, sentiment, calls):
    body = 'train = (\n    reviews  # all\n)\ntext = ("rev"\n  "iew")\nfreeze = 1 + 1\nepochs = 2'
    cell = "%%bert_finetune sentiment{}\n" + body
    run(cell.format(""))
    outcome = run(cell.format(" --show-code"))
    run(outcome.out)
    assert calls[-1] == calls[-2]


def test_long_calls_are_broken_into_lines(run, sentiment):
    names = ("epochs", "seed", "max-steps", "batch-size", "warmup", "patience", "eval-every", "lr")
    outcome = run("%bert_finetune sentiment --train reviews --show-code " + " ".join(f"--{name} 1" for name in names))
    assert max(map(len, outcome.out.splitlines())) < 100
    ast.parse(outcome.out)


def test_the_last_model_by_its_variable(run, sentiment, shell):
    assert 'sentiment.predict("x")' in run('%bert_predict "x" --show-code').out
    del shell.user_ns["sentiment"]
    assert 'bm.load("sentiment").predict("x")' in run('%bert_predict "x" --show-code').out


def test_nothing_is_evaluated(run, reviews):
    outcome = run("%%bert_finetune clf --show-code\ntrain = 1 / 0\ntext = nowhere")
    assert outcome.error is None
    assert "clf = bm.finetune(1 / 0, text=nowhere" in outcome.out


def test_settings_are_part_of_the_code(run, reviews):
    run("%config BertMagic.epochs = 5")
    assert "epochs=5.0" in run("%bert_finetune --train reviews --show-code").out
