"""The magics of tuning in a real shell, with the real interface and a tiny model."""

from types import SimpleNamespace

import pytest

from tests.shells import shell_with

CELL = """%%bert_tune better
train      = reviews
label      = "label"
model      = tiny
lr         = log(1e-4, 1e-2)
batch_size = choice(8, 16)
max_steps  = 3
precision  = "fp32"
trials     = 2"""


@pytest.fixture
def run(rows, encoder, capsys):
    """Run a cell of a shell that has ``reviews`` and ``tiny``; return its result, error and what was printed."""
    with shell_with(reviews=rows, tiny=str(encoder), log="the user's own") as shell:

        def run(cell):
            outcome = shell.run_cell(cell)
            error = outcome.error_in_exec or outcome.error_before_exec
            return SimpleNamespace(result=outcome.result, error=error, out=capsys.readouterr().out, names=shell.user_ns)

        yield run


def test_a_cell_searches_binds_the_best_model_and_shows_its_cell(run):
    outcome = run(CELL)
    assert (outcome.error, outcome.result) == (None, None)
    assert type(outcome.names["better"]).__name__ == "TextModel"
    assert "2 of 2 trials done" in outcome.out
    assert "%%bert_finetune better" in outcome.out
    assert "train      = reviews" in outcome.out  # as the user wrote it
    assert "model      = tiny" in outcome.out
    best = outcome.out[outcome.out.index("%%bert_finetune better") :]
    assert "log(" not in best
    assert "choice(" not in best
    assert outcome.names["log"] == "the user's own"  # the name is bertmagic's in the body alone


def test_a_line_returns_the_search_and_takes_ranges_in_braces(run):
    line = "%bert_tune --train reviews --label label --model tiny --max-steps 2 --precision fp32 --trials 1"
    outcome = run(f"found = {line} --lr {{log(1e-4, 1e-2)}} -o kept")
    assert outcome.error is None
    assert outcome.names["found"].best is not None
    assert outcome.names["kept"] is outcome.names["found"]


def test_the_finder_binds_nothing(run):
    outcome = run('%%bert_tune better --lr-find\ntrain = reviews\nlabel = "label"\nmodel = tiny\nprecision = "fp32"')
    assert outcome.error is None
    assert "better" not in outcome.names
    assert "Use it: lr = " in outcome.out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("lr = [1e-5, 1e-4]", "Write log(a, b), between(a, b) or choice(a, b, …)."),
        ("epochs = range(1, 4)", "is a range, not a range to search"),
        ("lr = log(1e-3, 1e-5)", "the first end must be below the second"),
        ("train = choice(1, 2)", "train cannot be searched over here"),
        ("resume = True", "there is no option 'resume'"),
    ],
)
def test_bad_input_is_an_error_of_the_cell(run, line, expected):
    body = "" if line.startswith("train") else "train = reviews\n"
    outcome = run(f'%%bert_tune better\n{body}label = "label"\nmodel = tiny\n{line}')
    assert expected in str(outcome.error)


def test_a_finetune_cell_knows_no_ranges(run):
    outcome = run("%%bert_finetune one\ntrain = reviews\nmodel = tiny\nepochs = between(1, 2)")
    assert "NameError" in str(outcome.error)


def test_a_panel_is_opened_and_bound(run):
    outcome = run("p = %bert_panel reviews --label label --model {tiny}")
    assert outcome.error is None
    panel = outcome.names["p"]
    assert "train = reviews" in panel.cell.replace("  ", " ").replace("  ", " ")
    assert "Panel for fine-tuning" in repr(panel)
    panel.set(epochs=1, batch_size=64)
    panel.start()
    assert panel.job.join(120)
    assert type(run("tuned").result).__name__ == "TextModel"


def test_advice_of_a_line(run):
    outcome = run("%bert_models")
    assert type(outcome.result).__name__ == "Catalogue"
