import json

from safetensors.torch import load_file, save_file

from bertmagic.events import Evaluated, Note, Step
from bertmagic.training.history import History


def test_events_become_tables():
    history = History()
    for event in (
        Note("not kept"),
        Step(1, 0.5, 0.7, 1e-3, 1.5, 32, 100, 120, 0.1, 10**9),
        Step(2, 1.0, 0.6, 2e-3, 1.4, 8, 30, 40, 0.2, 10**9),
        Evaluated(2, 1.0, 0.65, {"accuracy": 0.8, "loss": 0.65}, True, 0.1),
    ):
        history.listen(event)
    assert history.steps["loss"].tolist() == [0.7, 0.6]
    assert history.steps["tokens"].tolist() == [100, 30]
    assert history.steps["step"].dtype == "int64"
    assert history.evaluations.to_dict("records") == [
        {"step": 2, "epoch": 1.0, "loss": 0.65, "accuracy": 0.8, "best": True}
    ]
    assert repr(history) == "History of 2 steps and 1 evaluation"


def test_a_history_without_events_has_its_columns():
    history = History()
    assert history.steps.empty
    assert "loss" in history.steps
    assert history.evaluations.empty


def step(number):
    return Step(number, number / 10, 1 / number, 1e-3, 0.1 + number, 32, 100, 120, number / 3, 10**9)


def test_a_history_is_told_again_from_what_was_kept(tmp_path):
    history = History()
    events = [step(number) for number in range(1, 10)]
    events[4:4] = [Evaluated(4, 0.4, 0.65, {"accuracy": 0.8, "loss": 0.65}, True, 0.1)]
    for event in events:
        history.listen(event)
    evaluations, steps = history.state()
    save_file({"steps": steps}, tmp_path / "steps.safetensors")
    again = History()
    again.restore(json.loads(json.dumps(evaluations)), load_file(tmp_path / "steps.safetensors")["steps"])
    assert list(again.events(1000)) == events
    again.listen(step(10))
    assert again.steps["step"].tolist() == list(range(1, 11))


def test_of_a_long_history_as_many_steps_are_told_as_wanted():
    history = History()
    for number in range(1, 5001):
        history.listen(step(number))
        if number % 1000 == 0:
            history.listen(Evaluated(number, 0.1, 0.5, {"loss": 0.5}, False, 0.1))
    events = list(history.events(100))
    steps = [event.step for event in events if isinstance(event, Step)]
    assert (len(steps), steps[0], steps[-1]) == (100, 1, 5000)
    assert [event.step for event in events] == sorted(event.step for event in events)
    assert sum(isinstance(event, Evaluated) for event in events) == 5
    assert list(History().events(100)) == []
