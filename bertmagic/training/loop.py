"""The training loop: steps, evaluations, the best weights, checkpoints, and the stop button."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from bertmagic.data.batches import training_batches
from bertmagic.errors import TrainingError, count, typed
from bertmagic.events import Ended, Evaluated, Listener, Note, Reason, Step
from bertmagic.models import adapters, devices
from bertmagic.models.fast import allocator
from bertmagic.run.stopping import Stop, StopButton
from bertmagic.training.plan import Plan, steps_an_epoch
from bertmagic.training.schedule import factor, warmup_steps
from bertmagic.training.step import Stepper, StepResult

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import BatchSource
    from bertmagic.training.objective import Objective
    from bertmagic.training.step import Rows

Measure = Callable[["PreTrainedModel", Callable[[], None]], dict[str, float]]
"""Returns the metrics of a model on the validation rows, ``loss`` among them.

It often calls the function that it is given, which raises `Stop` once the stop button is pressed.
"""

_SYNC_EVERY = {"cpu": 1, "mps": 10, "cuda": 10}
"""After how many steps the losses are read: reading one makes the host wait for a GPU."""

_COUNTED = {
    "step": "step", "rows": "rows", "read": "tokens", "slots": "padded_tokens", "best_step": "best_step",
    "best_score": "best_score", "best_loss": "best_loss", "waited": "evaluations_without_gain",
    "evaluated": "evaluated", "empty": "empty_steps",
}  # fmt: skip
"""What a checkpoint keeps of the loop's own counts: its name in the file, and the attribute."""


class Checkpointer(Protocol):
    """Writes checkpoints."""

    def due(self, step: int) -> bool:
        """Whether it is time for one."""
        ...

    def write(
        self, state: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], best: Mapping[str, torch.Tensor] | None
    ) -> bool:
        """Write one, and return whether that went well.

        Parameters
        ----------
        state
            JSON values, with ``step`` and ``best_step``.
        tensors
            What `Stepper.tensors` returns.
        best
            The best weights; None before the first evaluation.
        """
        ...


class Diverged(TrainingError):
    """The loss or the gradient of a step was not finite.

    Attributes
    ----------
    ended
        How the run ended.
    usable
        Whether the model, which has the last good weights, has finite outputs.
    """

    def __init__(self, what: str, fix: str, ended: Ended, usable: bool) -> None:
        super().__init__(what, fix)
        self.ended, self.usable = ended, usable


class Loop:
    """One run of training: `run` takes the steps and leaves the best weights in the model.

    Parameters
    ----------
    model
        A plain transformers model, on its device; it has the trained weights once `run` has returned.
    feed
        The training samples with their targets.
    objective
        The loss.
    measure
        The validation metrics, or None where there are no validation rows: then the last weights are kept.
    emit
        Gets an event for every step and evaluation.
    checkpointer
        Writes checkpoints.
    name_rows
        Describes rows by their positions, for the message of a run that diverges.

    Attributes
    ----------
    model
        The copy that is trained; see `Stepper`.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        feed: BatchSource,
        plan: Plan,
        objective: Objective,
        measure: Measure | None,
        emit: Listener,
        checkpointer: Checkpointer | None = None,
        name_rows: Callable[[Rows], str] = str,
    ) -> None:
        self.stepper = Stepper(model, feed, plan, objective, emit)
        self.model, self.lengths = self.stepper.model, feed.tokens.lengths.astype("int32")
        self.plan, self.measure, self.emit = plan, measure, emit
        self.checkpointer, self.name_rows = checkpointer, name_rows
        self.warmup = warmup_steps(plan.warmup, plan.steps)
        self.per_epoch = steps_an_epoch(len(feed.tokens), plan.batch_size, plan.gradient_accumulation_steps)
        self.step = self.rows = self.tokens = self.padded_tokens = self.empty_steps = 0
        self.best_step = self.evaluations_without_gain = self.evaluated = 0
        self.best_score, self.best_loss = -math.inf, math.inf
        self.best_weights: dict[str, torch.Tensor] | None = None
        self.kept = 0, 0  # step and last evaluation of the newest checkpoint
        self.pending: list[tuple[StepResult, dict[str, Any]]] = []  # their losses are still on the device
        self.began = time.perf_counter()

    def run(self, button: StopButton) -> Ended:
        """Take all steps, or fewer when the stop button is pressed or the metric no longer gets better.

        Raises
        ------
        Diverged
            If the loss or the gradient is not finite; the model has its best weights then, too.
        DeviceError
            If the memory does not hold one row.
        """
        try:
            reason = self._take_steps(button)
            self._flush()
            self._note_empty_steps()
            if reason == "interrupted":
                self._write_checkpoint()
        except Exception as error:
            self.emit(getattr(error, "ended", None) or self._ended("failed", str(error)))
            raise
        if self.plan.keep == "last":
            self.best_weights = None
        self._restore()
        return self._ended(reason)

    def _take_steps(self, button: StopButton) -> Reason:
        batches = self._batches()
        try:
            while True:
                if self._due():
                    self._evaluate(button)
                    self._write_checkpoint()
                if self._patience_is_out():
                    return "stopped early"
                of_step = next(batches, None)
                if of_step is None:
                    return "finished"
                self._take_step(of_step)
                button.check()
                if self.checkpointer is not None and self.checkpointer.due(self.step) and not self._due():
                    self._write_checkpoint()
        except Stop:
            return "interrupted"

    def _ended(self, reason: Reason, detail: str = "") -> Ended:
        counts = self.rows, self.tokens, self.padded_tokens
        return Ended(reason, self.step, self.best_step, self._seconds(), *counts, detail)

    def _seconds(self) -> float:
        return time.perf_counter() - self.began

    def _batches(self) -> Iterator[list[Rows]]:
        """Yield the batches of each step from the present one on; they follow from seed and step alone."""
        plan, together = self.plan, self.plan.gradient_accumulation_steps
        while self.step < plan.steps:
            epoch, done = divmod(self.step, self.per_epoch)
            batches = training_batches(self.lengths, plan.batch_size, plan.seed, epoch)
            for at in range(done * together, len(batches), together):
                if self.step == plan.steps:
                    return
                yield batches[at : at + together]

    def _take_step(self, batches: list[Rows]) -> None:
        """Take one optimizer step, and count it."""
        plan = self.plan
        lr = plan.lr * factor(self.step, plan.steps, self.warmup, plan.schedule)
        result = self.stepper.step(batches, lr, self.step + 1)
        self.step += 1
        if result is None:
            self.empty_steps += 1
            return
        self.rows += len(result.rows)
        self.tokens += result.tokens
        self.padded_tokens += result.padded_tokens
        self.pending.append((result, {"step": self.step, "epoch": self.step / self.per_epoch, "lr": lr}))
        if self.step % _SYNC_EVERY[self.model.device.type] == 0:
            self._flush()

    def _note_empty_steps(self) -> None:
        if self.empty_steps:
            steps = f"{self.empty_steps:,} of {count(self.step, 'step')}"
            self.emit(Note(f"There was nothing to learn in {steps}: they were skipped.", warning=True))

    def _flush(self) -> None:
        """Read the losses that are still on the device, all at once, and emit the events of their steps."""
        import torch

        if not self.pending:
            return
        results, self.pending = self.pending, []
        on_device = torch.stack([value for result, _ in results for value in (result.loss, result.norm, result.broken)])
        seconds, memory = self._seconds(), devices.used_memory(self.model.device)
        for (result, known), (loss, norm, broken) in zip(results, on_device.reshape(-1, 3).tolist(), strict=True):
            counts = {"rows": len(result.rows), "tokens": result.tokens, "slots": result.padded_tokens}
            self.emit(Step(loss=loss, grad_norm=norm, seconds=seconds, memory=memory, **counts, **known))
            if broken:
                raise self._diverged(result.rows, known["step"], loss, norm)

    def _diverged(self, rows: Rows, step: int, loss: float, norm: float) -> Diverged:
        """Roll back to the last good weights and return the error that says where the run went wrong."""
        self.step = step - 1
        self._restore()
        finite = self.stepper.finite(rows, step)
        named = self.name_rows(rows if finite.all() or not finite.any() else rows[~finite])
        what = f"the loss is {loss}" if not math.isfinite(loss) else f"the gradient is {norm}"
        what += f" at step {step} of {self.plan.steps}, in the batch with {named}."
        slower = "" if self.plan.precision == "fp32" else ', or set precision = "fp32"'
        fix = f"Lower lr (it is {typed(self.plan.lr)}){slower}."
        return Diverged(what, fix, self._ended("failed", f"{what}\n{fix}"), bool(finite.any()))

    def _due(self) -> bool:
        if self.measure is None or self.step in (0, self.evaluated):
            return False
        return self.step == self.plan.steps or self.step % (self.plan.eval_every or self.per_epoch) == 0

    def _evaluate(self, button: StopButton) -> None:
        """Measure the validation rows and keep the weights if they are the best so far."""
        self._flush()
        began = time.perf_counter()
        allocator.trim()  # the free blocks that steps left do not fit what an evaluation allocates
        with self.stepper.whole():
            metrics = self.measure(self.model, button.check) if self.measure else {}
            score = metrics[self.plan.metric] * (1 if self.plan.higher_is_better else -1)
            best = (score, -metrics["loss"]) > (self.best_score, -self.best_loss)  # of equal ones the lower loss
            if best:
                self.best_score, self.best_loss, self.best_step = score, metrics["loss"], self.step
                state = adapters.state(self.model)
                self.best_weights = {name: value.detach().to("cpu", copy=True) for name, value in state.items()}
        self.evaluations_without_gain = 0 if best else self.evaluations_without_gain + 1
        self.evaluated = self.step
        seconds = time.perf_counter() - began
        kept = best and self.plan.keep == "best"  # else the copy only serves while the run goes on, or if it diverges
        self.emit(Evaluated(self.step, self.step / self.per_epoch, metrics["loss"], metrics, kept, seconds))

    def _patience_is_out(self) -> bool:
        return self.plan.patience is not None and self.evaluations_without_gain >= self.plan.patience

    def _write_checkpoint(self) -> None:
        if self.checkpointer is None or self.step == 0 or self.kept == (self.step, self.evaluated):
            return
        self._flush()
        state = {name: getattr(self, attribute) for name, attribute in _COUNTED.items()}
        state |= {"steps": self.plan.steps, "seconds": self._seconds(), "most": self.stepper.micro_batch}
        if self.checkpointer.write(state, self.stepper.tensors(), self.best_weights):
            self.kept = self.step, self.evaluated

    def resume(
        self, state: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], best: dict[str, torch.Tensor] | None
    ) -> None:
        """Go on from a checkpoint: `run` takes the steps that are left.

        Parameters
        ----------
        state, tensors, best
            What `Checkpointer.write` was given.
        """
        for name, attribute in _COUNTED.items():
            if name in state:  # a checkpoint of an older version lacks some
                setattr(self, attribute, state[name])
        self.began = time.perf_counter() - state["seconds"]
        self.best_weights, self.stepper.micro_batch = best, state["most"]
        self.stepper.restore(tensors)

    def _restore(self) -> None:
        """Leave the best weights in the model; without an evaluation the last are the best known."""
        average = self.stepper.average
        if self.best_weights is None:
            self.best_step = self.step
            if average is not None:
                average.exchange()
        if self.stepper.vocabulary is not None:
            self.stepper.vocabulary.join()
        if self.best_weights is not None and (self.best_step != self.step or average is not None):
            adapters.restore(self.model, self.best_weights)
        self.best_weights = None
        self.stepper.optimizer.zero_grad(set_to_none=True)
