"""A run that was stopped, killed or cut off goes on as if nothing had been."""

import json
import random
import re
import signal
import time
import weakref

import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic.errors import Interrupted, OptionError, TrainingError
from bertmagic.events import Ended, Evaluated, Note, Started, Step
from bertmagic.run import checkpoints
from bertmagic.run import folders as runs
from bertmagic.run.stopping import StopButton
from bertmagic.training.plan import steps_an_epoch

from ..killing import Killable
from ..small import ROWS, documents

VARIANTS = {
    "plain": {},
    "accumulated": {"batch_size": 8, "gradient_accumulation_steps": 3},
    "averaged": {"ema_decay": 0.9},
    "layerwise, smoothed, recomputed": {
        "layerwise_lr_decay": 0.8, "label_smoothing": 0.1, "gradient_checkpointing": True,
    },
    "attention dropout": {"attention_dropout": 0.2},
    "bf16, cosine": {"precision": "bf16", "schedule": "cosine"},
    "without validation": {"validation": 0, "checkpoint_every": 3},
    "adapters": {"adapt": "lora"},
}  # fmt: skip

TASKS = {name: rows for name, rows in ROWS.items() if name != "pairs"} | {"masked_language_modeling": documents}
"""Rows of each task beside classification."""


@pytest.fixture
def train(encoder, rows):
    """Return a function that trains for 14 steps; ``stop`` is the step at which the stop button is pressed."""

    def train(stop=0, listener=lambda event: None, rows=rows, learn=bm.finetune, **options):
        def hear(event):
            listener(event)
            if isinstance(event, Step) and event.step == stop:
                signal.raise_signal(signal.SIGINT)

        known = {
            "model": encoder, "max_steps": 14, "batch_size": 16, "lr": 1e-3, "eval_every": 4, "precision": "fp32",
            "show": False, "name": "mine", "keep": "best",
        } | ({"baselines": False} if learn is bm.finetune else {}) | options  # fmt: skip
        return learn(rows, on_event=hear, **known)

    return train


def same(one, two):
    """Hold two models to the same weights, losses and evaluations, to the bit."""
    mine, other = one.network.state_dict(), two.network.state_dict()
    assert all(torch.equal(mine[name], other[name]) for name in mine)
    exact = ["step", "epoch", "loss", "lr", "grad_norm", "rows", "tokens", "slots"]
    pd.testing.assert_frame_equal(one.history.steps[exact], two.history.steps[exact], check_exact=True)
    pd.testing.assert_frame_equal(one.history.evaluations, two.history.evaluations, check_exact=True)
    assert one.task == two.task
    facts = {"best_step", "step", "rows", "tokens", "slots", "reason"}
    assert {key: one.card["run"][key] for key in facts} == {key: two.card["run"][key] for key in facts}


def stopped_and_resumed(train, stops, **options):
    """Return a run that is stopped at some steps and resumed each time."""
    for at, stop in enumerate(stops):
        with pytest.raises(Interrupted):
            train(stop, resume=at > 0, **options)
    return train(resume=True, **options)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(train, variant):
    whole = train(name="whole", **VARIANTS[variant])
    same(stopped_and_resumed(train, (3, 5, 13), **VARIANTS[variant]), whole)


@pytest.mark.parametrize("stop", [pytest.param(1, marks=pytest.mark.soak), 4, pytest.param(9, marks=pytest.mark.soak)])
def test_it_is_so_wherever_it_is_stopped(train, stop):
    same(stopped_and_resumed(train, (stop,)), train(name="whole"))


def test_a_checkpoint_from_before_an_option_goes_on_as_it_began(train):
    """It names neither pooling nor kept weights; its run read the first token and kept the best."""
    known = {"pooling": "first", "validation": 0.1, "baselines": False}
    with pytest.raises(Interrupted):
        train(6, **known)
    for path in checkpoints.folder("mine").rglob("state.json"):
        state = json.loads(path.read_text(encoding="utf-8"))
        for name in ("pooling", "keep", "baselines"):
            del state["options"][name]
        path.write_text(json.dumps(state), encoding="utf-8")
        (path.parent / "XXH128SUMS").unlink()
    resumed = train(resume=True, validation=0.1)
    assert resumed.network.config.num_hidden_layers == 2
    same(resumed, train(name="whole", **known))


@pytest.mark.parametrize("task", TASKS)
def test_a_resumed_run_of_each_task_is_the_uninterrupted_one_to_the_bit(train, task):
    known = {"rows": TASKS[task](), "learn": bm.pretrain if "masked" in task else bm.finetune, "max_steps": 8}
    with pytest.raises(Interrupted):
        train(6, **known)
    same(train(resume=True, **known), train(name="whole", **known))


class InMemory:
    """Keeps the checkpoint of one step."""

    def __init__(self, step):
        self.step, self.kept = step, None

    def due(self, step):
        return step == self.step

    def write(self, state, tensors, best):
        self.kept = dict(state), {name: tensor.clone() for name, tensor in tensors.items()}, best


def test_masks_that_torch_draws_go_on_too(make_loop):
    keeper = InMemory(3)
    whole, again = make_loop(steps=7, checkpointer=keeper, dropout=0.3), make_loop(steps=7, dropout=0.3)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        whole.run(StopButton())
        torch.manual_seed(2)
        again.resume(*keeper.kept)
        assert again.run(StopButton()).step == 7
    for one, other in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_early_stopping_counts_on(train):
    options = {"patience": 2, "eval_every": 2, "lr": 1e-8}
    whole = train(name="whole", **options)
    assert whole.card["run"]["reason"] == "stopped early"
    with pytest.raises(Interrupted):
        train(5, **options)
    same(train(resume=True, **options), whole)


def test_the_panel_and_the_callback_see_the_whole_curve_again(train):
    with pytest.raises(Interrupted):
        train(9)
    seen = []
    model = train(listener=seen.append, resume=True)
    main = [event for event in seen if isinstance(event, Started | Step | Evaluated | Ended)]
    assert isinstance(main[0], Started)
    assert [event.step for event in main[1:]] == [1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 12, 13, 14, 14, 14]
    seconds = [event.seconds for event in main if isinstance(event, Step)]
    assert seconds == sorted(seconds)
    assert main[-1].seconds > seconds[8]
    assert any(isinstance(event, Note) and event.text == "Resumed at step 9 of 14." for event in seen)
    log = [json.loads(line) for line in (model.folder.parent / "events.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in log if line["event"] in ("Step", "Evaluated")]
    assert steps == sorted(steps)
    assert [line["step"] for line in log if line["event"] == "Evaluated"] == [4, 8, 12, 14]


# What is on the disk


def folders(name="mine"):
    return sorted(path.name for path in checkpoints.folder(name).glob("*"))


def test_checkpoints_are_few_and_their_best_model_loads(train):
    kept = []

    def look(event):
        if isinstance(event, Step):
            kept.append(folders())

    with pytest.raises(Interrupted) as caught:
        train(13, look, checkpoint_every=1)
    assert all(len([name for name in names if name.startswith("step-")]) <= 2 for names in kept)
    assert all(len([name for name in names if name.startswith("best-")]) <= 2 for names in kept)
    assert kept[5][-2:] == ["step-00000004", "step-00000005"]
    assert folders()[-2:] == ["step-00000012", "step-00000013"]
    best = checkpoints.best_folder("mine")
    loaded = bm.load(best, precision="fp32")
    mine = caught.value.model.network.state_dict()
    assert all(torch.equal(value, mine[name]) for name, value in loaded.network.state_dict().items())
    assert loaded.card["run"]["best_step"] == int(best.name.removeprefix("best-"))
    train(resume=True, checkpoint_every=1)
    assert not checkpoints.folder("mine").exists()
    assert checkpoints.best_folder("mine") is None


def test_nothing_in_a_checkpoint_is_pickled(train):
    with pytest.raises(Interrupted):
        train(6)
    for path in (path for path in checkpoints.folder("mine").rglob("*") if path.is_file()):
        assert path.suffix in (".json", ".safetensors") or path.name == "XXH128SUMS", path


def test_checkpoints_come_by_steps_by_time_and_at_evaluations(train):
    def steps(name, **options):
        names = set()
        with pytest.raises(Interrupted):
            train(11, lambda event: names.update(folders(name)), name=name, **options)
        return sorted(int(path[5:]) for path in names | set(folders(name)) if path.startswith("step-"))

    assert steps("a") == [4, 8, 11]
    assert steps("b", checkpoint_every=3) == [3, 4, 6, 8, 9, 11]
    assert steps("c", validation=0) == [11]


def test_a_stop_right_after_a_checkpoint_writes_no_other(train, monkeypatch):
    written, real = [], checkpoints.Checkpoints._write
    monkeypatch.setattr(
        checkpoints.Checkpoints, "_write",
        lambda keeper, state, *given: written.append(state["step"]) or real(keeper, state, *given),
    )  # fmt: skip

    def stop(event):
        if isinstance(event, Evaluated) and event.step == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        train(listener=stop)
    assert written == [4, 5]
    with pytest.raises(Interrupted):
        train(6, name="other", checkpoint_every=3)
    assert written[2:] == [3, 4, 6]


def test_time_makes_one_due(tmp_path, monkeypatch):
    clock = iter([0.0, 59.0, 61.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    keeper = checkpoints.Checkpoints("mine", {}, None, 1.0, lambda: None, lambda *given: None, lambda event: None)
    assert [keeper.due(1), keeper.due(2)] == [False, True]


def test_a_run_that_begins_anew_keeps_the_old_checkpoint_and_says_so(train):
    with pytest.raises(Interrupted):
        train(6)
    seen = []
    train(0, seen.append, lr=1e-4, max_steps=2)
    notes = [event.text for event in seen if isinstance(event, Note) and event.warning]
    assert any("step 6 of 14 was kept; add resume = True to go on" in note for note in notes)


def test_resume_takes_the_newest_run_and_else_what_was_kept(train):
    whole = train(name="whole")
    with pytest.raises(Interrupted):
        train(6)
    with pytest.raises(ZeroDivisionError):
        train(listener=fail_at(2))  # anew, and without a checkpoint of its own
    assert folders() == []
    same(train(resume=True), whole)
    assert not checkpoints.folder("mine").with_name("kept").exists()
    with pytest.raises(Interrupted):
        train(6)
    with pytest.raises(Interrupted):
        train(9)
    assert checkpoints.resumable("mine").where == "step 9 of 14"


def fail_at(step):
    def listener(event):
        if isinstance(event, Step) and event.step == step:
            _ = 1 / 0

    return listener


def test_a_run_that_raises_keeps_its_checkpoint(train):
    whole = train(name="whole")
    with pytest.raises(ZeroDivisionError):
        train(listener=fail_at(7))
    assert checkpoints.resumable("mine").where == "step 4 of 14"
    same(train(resume=True), whole)


def test_resume_without_a_checkpoint_says_why(train):
    with pytest.raises(TrainingError, match="'mine' has no checkpoint to go on from"):
        train(resume=True)
    train(max_steps=1)
    with pytest.raises(TrainingError, match="'mine' is finished") as caught:
        train(resume=True)
    assert "Leave resume out" in caught.value.fix


def test_another_run_is_not_resumed(train, rows):
    with pytest.raises(Interrupted):
        train(6)
    with pytest.raises(OptionError) as caught:
        train(resume=True, lr=2e-3, weight_decay=0.0)
    assert "step 6 of 14" in caught.value.what
    assert "lr was 0.001 and is 0.002" in caught.value.what
    assert "weight_decay was 0.01 and is 0.0" in caught.value.what
    rows.loc[0, "text"] += " really"
    with pytest.raises(OptionError, match="the train rows are others") as caught:
        train(resume=True)
    assert "lr" not in caught.value.what
    rows.loc[0, "text"] = rows.loc[0, "text"].removesuffix(" really")
    train(resume=True, save_to="copy", checkpoint_every=2)  # these change no result


@pytest.mark.parametrize("damage", ["cut", "no state", "broken state", "no best"])
def test_a_damaged_checkpoint_is_passed_over(train, damage):
    whole = train(name="whole")
    with pytest.raises(Interrupted):
        train(9)
    newest = checkpoints.resumable("mine").folder
    if damage == "cut":
        with (newest / "tensors.safetensors").open("r+b") as file:
            file.truncate(1000)
    elif damage == "no state":
        (newest / "state.json").unlink()
    elif damage == "broken state":
        (newest / "state.json").write_text('{"step": 9')
    else:
        state = json.loads((newest / "state.json").read_text())
        (newest / "state.json").write_text(json.dumps(state | {"best_step": 999}))
    assert checkpoints.resumable("mine").where == "step 8 of 14"
    same(train(resume=True), whole)


def test_a_kill_between_two_renames_loses_nothing(train):
    with pytest.raises(Interrupted):
        train(9)
    newest = checkpoints.resumable("mine").folder
    newest.rename(newest.with_name(f".{newest.name}.previous"))
    assert checkpoints.resumable("mine").where == "step 9 of 14"


def test_a_long_run_goes_on_at_once(make_loop):
    """The batches of a step are a function of seed and step: those before it are not made."""
    loop = make_loop(steps=10**9)
    loop.step = 10**8 + 3
    first = next(iter(loop._batches()))
    again = make_loop(steps=10**9)
    again.step = 10**8
    rest = again._batches()
    for _ in range(3):
        next(rest)
        again.step += 1
    assert all((one == other).all() for one, other in zip(first, next(rest), strict=True))
    assert steps_an_epoch(40, 8, 3) == 2


# A disk that refuses


@pytest.mark.parametrize("what", ["checkpoint", "best"])
def test_a_full_disk_is_said_once_and_training_goes_on(train, monkeypatch, what):
    from bertmagic.disk import files

    whole = train(name="whole")
    real, full = files._sync, set()

    def sync(folder):
        name = folder.name.lstrip(".")
        if full and (name.startswith("step-") or (what == "best" and name.startswith("best-"))):
            raise OSError(28, "No space left on device")
        real(folder)

    def listener(event):
        notes.extend([event.text] if isinstance(event, Note) and event.warning else [])
        if isinstance(event, Step) and event.step == 5:
            full.add(1)

    notes = []
    monkeypatch.setattr(files, "_sync", sync)
    with pytest.raises(Interrupted) as caught:
        train(13, listener)
    (note,) = notes
    assert "No checkpoint could be written" in note
    assert "No space left on device" in note
    assert "The last good one is of step 4 of 14" in note
    assert not list(checkpoints.folder("mine").glob(".*"))
    assert len(caught.value.model.history.steps) == 13
    full.clear()
    assert checkpoints.resumable("mine").where == "step 4 of 14"
    same(train(resume=True), whole)


def test_a_disk_that_is_full_at_the_end_is_an_error_and_the_checkpoint_stays(train, monkeypatch):
    from bertmagic.disk import files
    from bertmagic.errors import FileError

    real = files._sync

    def sync(folder):
        if folder.name.startswith(".model"):
            raise OSError(28, "No space left on device")
        real(folder)

    with monkeypatch.context() as patch:
        patch.setattr(files, "_sync", sync)
        with pytest.raises(FileError, match="No space left on device"):
            train()
    assert checkpoints.resumable("mine").where == "step 14 of 14"
    same(train(resume=True), train(name="whole"))


# Divergence


def test_a_run_that_diverges_names_the_rows_and_keeps_the_weights_before(encoder, rows, monkeypatch):
    from bertmagic.training import step as step_module

    def run(poisoned, **options):
        """Train with a gradient that is no number at one step."""
        real = step_module.Stepper._backward

        def backward(stepper, pieces, step):
            result = real(stepper, pieces, step)
            backward.calls += 1
            if backward.calls == poisoned:
                next(stepper.model.parameters()).grad[0] = float("nan")
            return result

        backward.calls = 0
        with monkeypatch.context() as patch:
            patch.setattr(step_module.Stepper, "_backward", backward)
            outcome = bm.finetune(rows, model=encoder, lr=1e-3, precision="fp32", show=False, name="mine",
                                  schedule="constant", warmup=0, **options)  # fmt: skip
            assert outcome.join(60) if isinstance(outcome, bm.Job) else outcome
            return outcome

    seen = []
    with pytest.raises(TrainingError, match=r"the gradient is nan at step 4 of 9") as caught:
        run(4, max_steps=9, validation=0, on_event=seen.append)
    found = re.search(r"in the batch with row (\d+) \('(.*?)'\)", caught.value.what)
    assert rows.loc[int(found[1]), "text"] == found[2]
    assert "The weights of step 3 are kept in" in caught.value.what
    assert "Lower lr (it is 1e-3)." in caught.value.fix
    assert (seen[-1].reason, seen[-1].step, seen[-1].best_step) == ("failed", 3, 3)
    left = caught.value.model
    assert left.name == "mine"
    assert left.report is None
    assert len(left.history.steps) == 4
    assert len(left.predict(rows["text"], show=False)) == len(rows)
    kept = bm.load("mine", precision="fp32").network.state_dict()
    expected = run(0, max_steps=3, validation=0).network.state_dict()
    for weights in (kept, left.network.state_dict()):
        assert all(torch.equal(value, expected[name]) for name, value in weights.items())
    network = weakref.ref(left.network)
    left.unload()
    assert network() is None  # the error that is still held does not hold it
    job = run(4, max_steps=9, validation=0, background=True)
    with pytest.raises(TrainingError, match="step 4 of 9"):
        job.wait()
    assert job.progress.phase == "failed"
    assert "Its .model: TextModel 'mine'" in repr(job)
    assert "its .error: TrainingError: the gradient is nan at step 4 of 9" in repr(job)
    assert len(job.model.predict(["good film"], show=False)) == 1
    # With an evaluation before, its weights are the last that are known to be good.
    with pytest.raises(TrainingError, match=r"The weights of step 2 are kept"):
        run(4, max_steps=9, eval_every=2)


def test_a_model_that_gives_no_numbers_any_more_is_not_kept(encoder, rows):
    with pytest.raises(TrainingError) as caught:
        bm.finetune(rows, model=encoder, lr=1.0, warmup=0, precision="fp32", max_steps=200, name="mine", show=False,
                    validation=0, freeze=None, on_event=overflow)  # fmt: skip
    assert "are kept" not in caught.value.what
    assert caught.value.model is None
    assert runs.names() == []


def overflow(event):
    """Have the next forward pass overflow by weights that are too large, as an update can make them."""
    if isinstance(event, Step) and event.step == 3:
        import gc

        for model in gc.get_objects():
            if type(model).__name__ == "BertForSequenceClassification" and model.training:
                with torch.no_grad():
                    model.classifier.weight.fill_(3e38)


# Kills

SCRIPT = """
import sys
import pandas as pd, bertmagic as bm, sklearn.metrics, torch, transformers.models.bert.modeling_bert
from bertmagic.errors import TrainingError

known = dict(model=sys.argv[1], max_steps=60, batch_size=16, lr=1e-3, eval_every=5, checkpoint_every=1,
             precision="fp32", show=False, name="mine", checkpoint_minutes=0.01)
rows = pd.read_csv("rows.csv")
report_event = lambda event: print(type(event).__name__, flush=True)

def act():
    try:
        bm.finetune(rows, resume=True, on_event=report_event, **known)
    except TrainingError as error:
        if "is finished" in error.what:
            return
        if "no checkpoint" not in error.what:
            raise
        bm.finetune(rows, on_event=report_event, **known)
"""


def random_moment(generator):
    """Return what waits until some events of a run were told: into the writing of a checkpoint, or out of it."""

    def moment(printed):
        next((line for line in printed if line.startswith("Started")), None)  # before it there is nothing to lose
        for _ in range(generator.randrange(12)):
            next(printed, None)
        time.sleep(generator.random() * 0.02)

    return moment


def killed_at_random(encoder, rows, kills, seed):
    """Kill a run that goes on each time, ``kills`` times at random moments, and return its model."""
    rows.to_csv("rows.csv", index=False)
    moment, process, killed = random_moment(random.Random(seed)), Killable(SCRIPT, encoder), 0
    try:
        for _ in range(kills):
            killed += process.run(moment) == signal.SIGKILL
            for folder in (path.parent for path in runs.home().glob("runs/mine/**/config.json")):
                if not any(part.startswith(".") for part in folder.relative_to(runs.home()).parts):
                    bm.load(folder)
        assert killed > kills / 2
        assert process.run() == 0
    finally:
        process.close()
    return bm.load("mine", precision="fp32")


def hold_to_the_whole_run(resumed, encoder, rows):
    whole = bm.finetune(
        rows, model=encoder, max_steps=60, batch_size=16, lr=1e-3, eval_every=5, precision="fp32", name="whole",
        show=False,
    )  # fmt: skip
    mine, other = resumed.network.state_dict(), whole.network.state_dict()
    assert all(torch.equal(mine[name], other[name]) for name in mine)
    assert {path.name for path in resumed.folder.parent.iterdir()} == {
        "options.json", "data.json", "run.json", "events.jsonl", "metrics.json", "model", runs.ROWS,
    }  # fmt: skip


def test_a_run_that_is_killed_twice_ends_as_the_whole_one(encoder, make_rows):
    rows = make_rows(200)
    hold_to_the_whole_run(killed_at_random(encoder, rows, 2, 0), encoder, rows)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5))
def test_a_run_that_is_killed_ten_times_ends_as_the_whole_one(encoder, make_rows, seed):
    rows = make_rows(200)
    hold_to_the_whole_run(killed_at_random(encoder, rows, 10, seed + 1), encoder, rows)
