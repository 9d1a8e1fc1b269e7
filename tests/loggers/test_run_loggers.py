"""What loggers get of a run, and what becomes of those that fail."""

import threading

import pytest

import bertmagic as bm
from bertmagic.errors import OptionError
from bertmagic.events import Ended, Evaluated, Note, Started, Step
from bertmagic.loggers import run_loggers
from bertmagic.loggers.run_loggers import RunLoggers

STARTED = Started(
    "clf", "classification", "tiny", 40, 0, 2, 1.0, "cpu", "fp32", "accuracy", True,
    options={"lr": 1e-3, "freeze": None, "lora_targets": ["query", "value"], "resume": False},
)  # fmt: skip
EVENTS = [
    STARTED,
    Step(1, 0.5, 0.7, 1e-3, 1.2, 8, 100, 120, 0.1, 10),
    Step(2, 1.0, 0.6, 5e-4, 1.1, 8, 90, 120, 0.2, 10),
    Evaluated(2, 1.0, 0.5, {"accuracy": 0.75}, True, 0.3),
    Ended("finished", 2, 2, 0.3, 16, 190, 240),
]


class Kept:
    """A logger that keeps what it gets."""

    def __init__(self, run):
        self.run, self.points, self.summary = run, [], None

    def log(self, points):
        self.points += points

    def finish(self, summary):
        self.summary = summary


class Broken(Kept):
    def log(self, points):
        raise ConnectionError("no route to host\nmore")


@pytest.fixture
def use(monkeypatch):
    """Have classes of the tests answer to the names of loggers; return the loggers that were made."""
    made = []

    def answer(**kinds):
        def maker(name):
            def make(run):
                made.append(kinds[name](run))
                return made[-1]

            return make

        monkeypatch.setattr(run_loggers, "_maker", maker)
        return made

    return answer


def test_a_logger_gets_options_numbers_and_the_end_in_their_order(use, own_folder):
    made, notes = use(mlflow=Kept), []
    loggers = RunLoggers(["mlflow", "mlflow"], own_folder)
    for event in EVENTS:
        loggers.listen(event, notes.append)
    assert loggers.finish("finished", None, own_folder) == []
    (kept,) = made
    assert (kept.run.name, kept.run.folder) == ("clf", own_folder)
    assert kept.run.options["lora_targets"] == "query, value"
    assert "freeze" not in kept.run.options
    assert {"lr": 1e-3, "resume": False, "task": "classification", "rows": 40}.items() <= kept.run.options.items()
    assert [(point.step, sorted(point.values)) for point in kept.points] == [
        (1, ["train/epoch", "train/grad_norm", "train/loss", "train/lr", "train/tokens"]),
        (2, ["train/epoch", "train/grad_norm", "train/loss", "train/lr", "train/tokens"]),
        (2, ["validation/accuracy", "validation/loss"]),
    ]
    assert [point.values.get("train/tokens") for point in kept.points] == [100, 190, None]
    assert (kept.summary.outcome, kept.summary.step, kept.summary.model) == ("finished", 2, own_folder)


def test_a_logger_that_fails_is_one_note_and_the_others_go_on(use, own_folder):
    made, notes = use(mlflow=Broken, wandb=Kept), []
    loggers = RunLoggers(["mlflow", "wandb"], own_folder)
    for event in EVENTS[:2]:
        loggers.listen(event, notes.append)
    loggers._workers[0]._thread.join()
    for event in EVENTS[2:]:
        loggers.listen(event, notes.append)
    assert loggers.finish("finished") == []
    assert notes == [Note("mlflow got only a part of this run: no route to host more. Training goes on.", warning=True)]
    assert len(next(one for one in made if type(one) is Kept).points) == 3


def test_what_fails_at_the_end_is_returned(use, own_folder):
    class Late(Kept):
        def finish(self, summary):
            raise SystemExit

    use(wandb=Late)
    notes = []
    loggers = RunLoggers(["wandb"], own_folder)
    loggers.listen(STARTED, notes.append)
    assert loggers.finish("finished") == ["wandb got only a part of this run: SystemExit."]


def test_a_logger_that_hangs_is_not_waited_for(use, own_folder, monkeypatch):
    hangs = threading.Event()

    class Hanging(Kept):
        def log(self, points):
            hangs.wait()

    monkeypatch.setattr(run_loggers, "PATIENCE", 0.05)
    use(mlflow=Hanging)
    notes = []
    loggers = RunLoggers(["mlflow"], own_folder)
    for event in EVENTS:
        loggers.listen(event, notes.append)
    (failure,) = loggers.finish("finished")
    assert "had not answered" in failure
    hangs.set()


def test_a_run_whose_logger_fails_leaves_the_same_model(use, encoder, rows, monkeypatch):
    monkeypatch.setattr(run_loggers.importlib.util, "find_spec", lambda name: True)
    made, events = use(wandb=Broken, mlflow=Kept), []
    known = {"text": "text", "label": "label", "model": encoder, "max_steps": 2, "precision": "fp32", "show": False}
    model = bm.finetune(rows, log_to=["mlflow", "wandb"], on_event=events.append, pooling="first", **known)
    alone = bm.finetune(rows, name="alone", pooling="first", **known)
    assert model.card["weights_digest"] == alone.card["weights_digest"]
    kept = next(one for one in made if type(one) is Kept)
    assert kept.summary.metrics["accuracy"] == model.report.metrics["accuracy"]
    assert kept.summary.model == model.folder
    assert kept.summary.report == model.report.to_markdown()
    assert {"report", "figures/confusion", "figures/roc"} <= kept.summary.pages.keys()
    assert all(page.startswith("<!doctype html>") for page in kept.summary.pages.values())


def test_a_package_that_cannot_be_imported_is_one_note(own_folder, monkeypatch):
    def maker(name):
        raise ImportError("no module named google")

    monkeypatch.setattr(run_loggers, "_maker", maker)
    loggers, notes = RunLoggers(["mlflow"], own_folder), []
    for event in EVENTS:
        loggers.listen(event, notes.append)
    assert [note.text.partition(": ")[2] for note in notes] == ["no module named google. Training goes on."]
    assert loggers.finish("finished") == []


def test_a_run_that_fails_is_said_to_have_failed(use, encoder, rows, monkeypatch):
    from bertmagic.training import loop

    def run(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(run_loggers.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(loop.Loop, "run", run)
    made = use(mlflow=Kept)
    with pytest.raises(ZeroDivisionError):
        bm.finetune(rows, text="text", label="label", model=encoder, max_steps=1, log_to="mlflow", show=False)
    assert (made[0].summary.outcome, made[0].summary.model) == ("failed", None)


def test_a_missing_package_is_said_before_the_run_begins(encoder, rows, own_folder, monkeypatch):
    monkeypatch.setattr(run_loggers.importlib.util, "find_spec", lambda name: None if name == "mlflow" else True)
    with pytest.raises(
        OptionError, match=r'log_to = "mlflow" needs the package mlflow.*\n.*pip install "bertmagic\[ml'
    ):
        bm.finetune(rows, text="text", label="label", model=encoder, log_to=["wandb", "mlflow"], show=False)
    assert list(own_folder.iterdir()) == []


def test_another_name_is_an_error_with_the_nearest(rows):
    with pytest.raises(
        OptionError, match=r"log_to = 'tensorbord' is not one of tensorboard.*Did you mean 'tensorboard'"
    ):
        bm.finetune(rows, log_to=["tensorbord"])
    with pytest.raises(OptionError, match="report_to has another name in bertmagic: log_to"):
        bm.finetune(rows, report_to="wandb")
