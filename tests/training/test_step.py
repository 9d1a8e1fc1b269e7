"""One step: in pieces, with too little memory, with numbers that are none."""

import gc
import math
import weakref

import numpy as np
import pytest
import torch

from bertmagic.errors import DeviceError
from bertmagic.events import Note
from bertmagic.models.fast import working_copy
from bertmagic.training import step as steps
from bertmagic.training.objective import Objective
from bertmagic.training.step import distinct, smaller, split

ROWS = np.arange(12)
WEIGHTS = torch.tensor([0.3, 2.0])
WEIGHED = Objective(
    lambda logits, targets: torch.nn.functional.cross_entropy(logits, targets, WEIGHTS, reduction="sum"),
    lambda targets: float(WEIGHTS[targets].sum()),
)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(one, two):
    return all(torch.equal(one[name], two[name]) for name in one)


def gradients(loop, pieces):
    loss, _ = loop.stepper._fitting(pieces, 1)
    return loss, [parameter.grad.clone() for parameter in loop.model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("objective", [None, WEIGHED], ids=["plain", "weighed"])
@pytest.mark.parametrize("sizes", [(12,), (6, 6), (5, 5, 2), (1,) * 12], ids=str)
def test_a_batch_in_pieces_has_the_gradients_of_the_whole(make_loop, objective, sizes):
    known = {"dropout": 0.0} | ({"objective": objective} if objective else {})
    loop = make_loop(**known)
    tokens, targets = loop.stepper.feed.tokens, torch.from_numpy(loop.stepper.feed.targets[ROWS])
    longest = max(len(tokens.row(row)) for row in ROWS)
    ids = torch.tensor([[*tokens.row(row), *[0] * (longest - len(tokens.row(row)))] for row in ROWS])
    logits = loop.model(input_ids=ids, attention_mask=(ids != 0).long()).logits
    whole = torch.nn.functional.cross_entropy(logits, targets, WEIGHTS if objective else None)
    whole.backward()
    expected = [parameter.grad.clone() for parameter in loop.model.parameters()]
    loop.model.zero_grad()
    loss, in_pieces = gradients(loop, np.split(ROWS, np.cumsum(sizes)[:-1]))
    torch.testing.assert_close(loss, whole.detach(), atol=1e-5, rtol=0)
    for one, other in zip(in_pieces, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_the_updates_are_those_of_plain_pytorch(make_loop):
    ours, plain = make_loop(dropout=0.0, lr=1e-2, max_grad_norm=0.5), make_loop(dropout=0.0)
    decayed = [p for p in plain.model.parameters() if p.ndim > 1]
    others = [p for p in plain.model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2)
    for step in range(1, 6):
        taken = ours.stepper.step([ROWS + step], 1e-2, step)
        loss, _ = plain.stepper._fitting([ROWS + step], step + 1)
        norm = torch.nn.utils.clip_grad_norm_(plain.model.parameters(), 0.5)
        optimizer.step()
        optimizer.zero_grad()
        torch.testing.assert_close((taken.loss, taken.norm), (loss, norm))
    for one, other in zip(ours.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_without_a_limit_gradients_keep_their_length(make_loop):
    def after(limit):
        loop = make_loop(max_grad_norm=limit, dropout=0.0)
        for step in (1, 2, 3):
            loop.stepper.step([ROWS + step], 1e-2, step)
        return weights(loop.model)

    assert equal(after(0.0), after(1e9))
    assert not equal(after(0.0), after(0.1))


def test_a_device_without_the_fused_update_clips_and_leaves_out_too(make_loop):
    fused, plain = make_loop(max_grad_norm=0.5), make_loop(max_grad_norm=0.5)
    for group in plain.stepper.optimizer.param_groups:
        group["fused"] = False
    for loop in (fused, plain):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            loop.stepper.step([ROWS], 1e-3, 1)
    for one, other in zip(fused.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    before = weights(plain.model)
    plain.model.classifier.bias.register_hook(lambda gradient: gradient * math.nan)
    taken = plain.stepper.step([ROWS], 1e-3, 2)
    assert taken.broken.item() == 1
    assert equal(weights(plain.model), before)


# Too little memory


@pytest.mark.parametrize("fits", [1, 2, 3, 5, 6, 11])
def test_a_step_that_does_not_fit_is_taken_in_pieces(make_loop, full_over, fits):
    notes = []
    split_up, whole = make_loop(notes.append, dropout=0.0), make_loop(dropout=0.0)
    expected, in_pieces = gradients(whole, [ROWS])[1], None
    sizes = full_over(split_up.model, fits)
    in_pieces = gradients(split_up, [ROWS])[1]
    for one, other in zip(in_pieces, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    assert len([size for size in sizes if size > fits]) <= 3
    assert split_up.stepper.micro_batch == max(size for size in sizes if size <= fits)
    (note,) = notes
    assert isinstance(note, Note)
    assert note.warning
    assert f"{split_up.stepper.micro_batch} are computed at a time" in note.text


def test_the_size_that_fits_is_kept(make_loop, full_over):
    notes = []
    loop = make_loop(notes.append)
    sizes = full_over(loop.model, 6)
    for step in (1, 2, 3):
        assert len(loop.stepper.step([ROWS], 1e-3, step).rows) == 12
    assert sizes == [12, *[6] * 6]
    assert len(notes) == 1


@pytest.mark.parametrize("own", [True, False], ids=["own masks", "masks of torch"])
def test_the_next_try_begins_from_the_same_random_state(make_loop, full_over, monkeypatch, own):
    """The masks of the first piece are those that the pieces would have had without the failure."""
    if not own:
        monkeypatch.setattr(working_copy, "install_dropout", lambda model, seed: None)
    loops = [make_loop(dropout=0.3), make_loop(dropout=0.3)]
    losses = []
    for fails, loop in enumerate(loops):
        loop.stepper.micro_batch = None if fails else 6
        if fails:
            late = loop.model.classifier.register_forward_hook(refuse_once(len(ROWS)))
        with torch.random.fork_rng():
            torch.manual_seed(3)
            losses.append(loop.stepper.step([ROWS], 1e-3, 1).loss)
    late.remove()
    assert torch.equal(*losses)
    assert equal(weights(loops[0].model), weights(loops[1].model))


def refuse_once(rows):
    """Fail at the end of the forward pass, when all masks are drawn."""

    def refuse(module, args, output):
        if len(output) == rows:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    return refuse


def test_a_try_that_failed_keeps_no_tensor_alive(make_loop, monkeypatch):
    from bertmagic.models import devices

    loop, seen = make_loop(), []
    loop.model.bert.embeddings.register_forward_hook(lambda module, args, output: seen.append(weakref.ref(output)))
    loop.model.classifier.register_forward_hook(refuse_once(len(ROWS)))
    alive = []
    gc.disable()
    try:
        monkeypatch.setattr(devices, "release", lambda device: alive.append([reference() for reference in seen]))
        loop.stepper.step([ROWS], 1e-3, 1)
    finally:
        gc.enable()
    assert alive == [[None]]


def test_one_row_that_does_not_fit_is_an_error_with_the_fix(make_loop, full_over):
    loop = make_loop()
    before = weights(loop.model)
    sizes = full_over(loop.model, 0, MemoryError())
    with pytest.raises(DeviceError, match="does not hold one row of") as caught:
        loop.stepper.step([ROWS], 1e-3, 1)
    assert "max_length" in caught.value.fix
    assert "gradient_checkpointing" in caught.value.fix
    assert sizes == [12, 6, 2, 1]
    assert equal(weights(loop.model), before)


@pytest.mark.parametrize("what", ["adamw", "Average"])
def test_what_the_optimizer_keeps_may_not_fit_either(make_loop, monkeypatch, what):
    def refuse(*given):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(steps, what, refuse)
    with pytest.raises(DeviceError, match="cpu does not hold the model and what its optimizer keeps") as caught:
        make_loop(ema_decay=0.9)
    assert "%bert_unload" in caught.value.fix


def test_another_error_is_not_taken_for_too_little_memory(make_loop, full_over):
    loop = make_loop()
    sizes = full_over(loop.model, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        loop.stepper.step([ROWS], 1e-3, 1)
    assert sizes == [12]


def test_what_is_tried_when_rows_do_not_fit():
    assert [smaller(rows) for rows in (1, 2, 3, 8, 32, 256, 4096)] == [
        [], [1], [2, 1], [4, 2, 1], [16, 4, 1], [128, 11, 1], [2048, 45, 1],
    ]  # fmt: skip
    assert [len(piece) for piece in split([np.arange(5), np.arange(2)], 2)] == [2, 2, 1, 2]
    assert [len(piece) for piece in split([np.arange(5), np.arange(2)], None)] == [5, 2]


# Numbers that are none


def poison(loop, step):
    """Have the gradient of one step hold a NaN."""
    seen = iter(range(1, 1000))
    loop.model.classifier.bias.register_hook(lambda gradient: gradient * (math.nan if next(seen) == step else 1.0))


def test_an_update_that_is_not_finite_is_left_out_and_so_are_all_after_it(make_loop):
    loop, same = make_loop(ema_decay=0.9), make_loop(ema_decay=0.9)
    poison(loop, 3)
    for one in (loop, same):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            for step in (1, 2):
                assert one.stepper.step([ROWS], 1e-3, step).broken.item() == 0
    marks = [loop.stepper.step([ROWS + step], 1e-3, step).broken.item() for step in (3, 4, 5)]
    assert marks == [1, 1, 1]
    assert equal(weights(loop.model), weights(same.model))
    for name, value in loop.stepper.tensors().items():
        if not name.startswith("random"):
            torch.testing.assert_close(value, same.stepper.tensors()[name], atol=0, rtol=0, msg=name)


def test_a_loss_that_is_not_finite_is_left_out_even_if_its_gradient_is(make_loop):
    def total(logits, targets):
        return torch.nn.functional.cross_entropy(logits, targets, reduction="sum") + math.inf

    loop = make_loop(objective=Objective(total))
    before = weights(loop.model)
    taken = loop.stepper.step([ROWS], 1e-3, 1)
    assert (math.isfinite(taken.norm), taken.broken.item()) == (True, 1)
    assert equal(weights(loop.model), before)


def test_in_fp16_a_gradient_that_is_too_large_halves_the_loss_scale(make_loop):
    loop = make_loop(precision="fp16", dropout=0.0)
    before, scale = weights(loop.model), loop.stepper._scale
    assert scale == 2**16
    loop.model.classifier.bias.register_hook(lambda gradient: gradient * math.inf if loop.step == 0 else gradient)
    assert loop.stepper.step([ROWS], 1e-3, 1).broken.item() == 0
    assert loop.stepper._scale == 2**15
    assert equal(weights(loop.model), before)
    loop.step = 1
    taken = loop.stepper.step([ROWS], 1e-3, 2)
    assert loop.stepper._scale == 2**15
    assert taken.norm < 100  # of the gradient itself, not of the scaled one
    assert not equal(weights(loop.model), before)


def test_in_fp16_the_scale_grows_after_many_good_steps(make_loop, monkeypatch):
    monkeypatch.setattr(steps, "_GROWS_AFTER", 2)
    loop = make_loop(precision="fp16")
    scales = []
    for number in range(1, 5):
        loop.stepper.step([ROWS], 1e-4, number)
        scales.append(loop.stepper._scale.item() / 2**16)
    assert scales == [1, 2, 2, 4]


def test_in_fp16_a_loss_that_is_not_finite_ends_the_run(make_loop):
    loop = make_loop(precision="fp16", objective=Objective(lambda logits, targets: logits.sum() * math.nan))
    assert loop.stepper.step([ROWS], 1e-3, 1).broken.item() == 1


def test_rows_whose_outputs_are_not_finite_are_found(make_loop):
    loop = make_loop()
    loop.stepper.vocabulary.join()  # as at the end of a run
    row = loop.stepper.feed.tokens.row(3)
    with torch.no_grad():
        loop.model.bert.embeddings.word_embeddings.weight[int(row[-2])] = math.nan
    finite = loop.stepper.finite(np.array([3, 4]), 1)
    assert not finite[0]
    assert loop.model.training


def test_tied_weights_are_kept_once():
    one, two = torch.zeros(3), torch.ones(2)
    assert list(distinct({"a": one, "b": two, "c": one})) == ["a", "b"]
