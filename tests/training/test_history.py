from bertmagic.training.events import Evaluated, Note, Step
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
    assert repr(history) == "History of 2 steps and 1 evaluations"


def test_a_history_without_events_has_its_columns():
    history = History()
    assert history.steps.empty
    assert "loss" in history.steps
    assert history.evaluations.empty
