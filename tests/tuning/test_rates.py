"""The learning-rate finder: what it suggests, and that it leaves no trace."""

import numpy as np
import pytest
import torch

import bertmagic as bm
from bertmagic.errors import Interrupted, OptionError, TrainingError
from bertmagic.events import Phase
from bertmagic.run.stopping import Stop, StopButton
from bertmagic.training.objective import Objective
from bertmagic.tuning import rates


@pytest.fixture
def try_rates(make_loop):
    """Return a function that raises the rate on a tiny model, and the model with it."""

    def find(emit=lambda event: None, button=None, **changes):
        loop = make_loop(**changes)
        if loop.stepper.vocabulary is not None:
            loop.stepper.vocabulary.join()
        model, feed, plan, objective = loop.model, loop.stepper.feed, loop.plan, loop.stepper.objective
        return model, lambda: rates.find(model, feed, plan, objective, emit, button or StopButton(), ("tiny", "rows"))

    return find


def kept(model):
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


@pytest.mark.parametrize("stopped", [False, True])
def test_weights_buffers_modes_and_random_states_are_the_same_afterwards(try_rates, stopped):
    button = StopButton()
    model, find = try_rates(lambda event: button.press() if stopped and event.done == 7 else None, button)
    model.eval()
    before, state, weight = kept(model), torch.get_rng_state(), model.get_input_embeddings().weight
    if stopped:
        with pytest.raises(Stop):
            find()
    else:
        find()
    after = kept(model)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.get_input_embeddings().weight is weight
    assert "forward" not in vars(model.get_input_embeddings())
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_rate_rises_by_one_factor_and_the_suggestion_follows_the_rule(try_rates):
    seen = []
    _, find = try_rates(seen.append)
    curve = find()
    factors = np.diff(np.log(curve.rates))
    assert np.allclose(factors, factors[0])
    assert curve.rates[0] == rates.LOWEST
    assert curve.lowest == curve.rates[5 + int(np.argmin(curve.smoothed[5:]))]
    assert curve.suggestion == pytest.approx(curve.lowest / 10, rel=0.06)
    assert 1e-6 < curve.suggestion < 1e-1
    assert [event.done for event in seen if isinstance(event, Phase)] == list(range(1, len(curve.rates) + 1))
    assert list(curve.frame.columns) == ["lr", "loss", "smoothed"]


def test_it_ends_where_the_loss_breaks_out(try_rates):
    calls = []

    def rising(outputs, targets):
        calls.append(1)
        return outputs.sum() * 0 + len(targets) * 1.1 ** len(calls)

    _, find = try_rates(objective=Objective(rising))
    assert "the smoothed loss had risen to" in find().ended
    assert len(calls) < rates.STEPS


def test_a_loss_that_is_never_finite_is_an_error(try_rates):
    _, find = try_rates(objective=Objective(lambda outputs, targets: outputs.sum() * float("nan")))
    with pytest.raises(TrainingError, match="not finite in the first steps"):
        find()


def test_it_is_asked_for_like_a_run(encoder, rows):
    curve = bm.tune(rows, label="label", model=encoder, lr_find=True, precision="fp32", show=False)
    assert (curve.model, curve.rows) == ("tiny", 108)
    shown = repr(curve)
    assert "lr = " in shown
    assert rates.RULE in shown
    assert "put back to where it was" in shown
    markup = curve._repr_mimebundle_()["text/html"]
    assert "<svg" in markup
    assert "Learning rate for tiny" in markup
    with pytest.raises(OptionError, match="batch_size must have one value"):
        bm.tune(rows, model=encoder, lr_find=True, batch_size=bm.choice(8, 16), show=False)


def test_an_interrupt_is_told(encoder, rows):
    import signal

    def stop(event):
        if isinstance(event, Phase) and event.what == "raising the learning rate":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="before there was a rate"):
        bm.tune(rows, label="label", model=encoder, lr_find=True, precision="fp32", show=False, on_event=stop)
