"""The training loop: steps, evaluations, the best weights, and the stop button."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import collate, training_batches
from bertmagic.errors import TrainingError
from bertmagic.models import devices
from bertmagic.training.events import Ended, Evaluated, Listener, Reason, Step
from bertmagic.training.schedule import factor, warmup_steps
from bertmagic.training.stopping import Stop, StopButton

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.tokens import Tokens

Objective = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""The loss of a batch: logits ``(batch, outputs)`` and targets ``(batch,)`` to a scalar."""

Measure = Callable[[Callable[[], None]], dict[str, float]]
"""The metrics on the validation rows, ``loss`` among them; what it is given it calls often, to be stopped."""

_SYNC_EVERY = {"cpu": 1, "mps": 10, "cuda": 10}
"""After how many steps the losses are read: reading one makes the host wait for a GPU."""


@dataclass(frozen=True)
class Plan:
    """What the loop does: see `bertmagic.options.Finetune` for the meaning of each value."""

    steps: int
    batch_size: int
    lr: float
    warmup: float
    weight_decay: float
    schedule: str
    seed: int
    eval_every: int | None
    patience: int | None
    metric: str
    higher_is_better: bool
    precision: str
    max_grad_norm: float = 1.0


def count_steps(rows: int, batch_size: int, epochs: float, max_steps: int | None) -> int:
    """Return the number of optimizer steps of a run."""
    wanted = math.ceil(math.ceil(rows / batch_size) * epochs)
    return max(1, min(wanted, max_steps) if max_steps else wanted)


def default_epochs(rows: int, batch_size: int, max_steps: int | None) -> float:
    """Return as many epochs as ``max_steps`` makes, else 3, and for few rows as many as make 300 steps, at most 10.

    A few dozen steps leave a new head untrained: Mosbach et al. 2021 ("On the stability of fine-tuning BERT", section
    6) find that small data sets need more epochs, not other hyperparameters.
    """
    if max_steps is not None:
        return max_steps / math.ceil(rows / batch_size)
    return float(min(max(3, math.ceil(300 * batch_size / rows)), 10))


class Loop:
    """One run of training: `run` takes the steps and leaves the best weights in the model.

    Parameters
    ----------
    model
        The model, on its device.
    tokens, targets
        The training rows and their targets, ``(rows,)``.
    pad_id
        The token id to pad with.
    objective
        The loss.
    measure
        The validation metrics, or None where there are no validation rows: then the last weights are kept.
    emit
        Told of every step and evaluation.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokens: Tokens,
        targets: npt.NDArray[np.int64],
        pad_id: int,
        plan: Plan,
        objective: Objective,
        measure: Measure | None,
        emit: Listener,
    ) -> None:
        import torch

        self.model, self.tokens, self.pad_id = model, tokens, pad_id
        self.targets = torch.from_numpy(targets)
        self.plan, self.objective, self.measure, self.emit = plan, objective, measure, emit
        self.optimizer = _adamw(model, plan)
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=plan.precision == "fp16")
        self.warmup = warmup_steps(plan.warmup, plan.steps)
        self.per_epoch = math.ceil(len(tokens) / plan.batch_size)
        self.step = self.rows = self.read = self.slots = 0
        self.best_step = self.waited = 0
        self.best_score = -math.inf
        self.best_weights: dict[str, torch.Tensor] | None = None
        self.unread: list[tuple[torch.Tensor, torch.Tensor, dict[str, Any]]] = []
        self.began = time.perf_counter()

    def run(self, button: StopButton) -> Ended:
        """Take all steps, or fewer when the stop button is pressed or the metric no longer gets better.

        Raises
        ------
        TrainingError
            If the loss or the gradient is not finite; the model has its best weights then, too.
        """
        self.model.train()
        try:
            reason = self._take_steps(button)
            self._flush()
        except Exception as error:
            self.emit(self._ended("failed", str(error)))
            raise
        self._restore()
        return self._ended(reason)

    def _take_steps(self, button: StopButton) -> Reason:
        try:
            for batch in self._batches():
                self._take(batch)
                button.check()
                if self._due():
                    self._evaluate(button)
                    if self._patience_is_out():
                        return "stopped early"
        except Stop:
            return "interrupted"
        return "finished"

    def _ended(self, reason: Reason, detail: str = "") -> Ended:
        seconds = time.perf_counter() - self.began
        return Ended(reason, self.step, self.best_step, seconds, self.rows, self.read, self.slots, detail)

    def _batches(self) -> Iterator[npt.NDArray[np.int64]]:
        lengths, epoch = self.tokens.lengths, 0
        while True:
            for batch in training_batches(lengths, self.plan.batch_size, self.plan.seed, epoch):
                if self.step == self.plan.steps:
                    return
                yield batch
            epoch += 1

    def _take(self, batch: npt.NDArray[np.int64]) -> None:
        """Take one optimizer step on the rows of ``batch``."""
        import torch

        device, plan = self.model.device, self.plan
        lr = plan.lr * factor(self.step, plan.steps, self.warmup, plan.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        ids, mask = collate(self.tokens, batch, self.pad_id)  # (batch, tokens)
        with devices.autocast(device, plan.precision):
            output = self.model(input_ids=ids.to(device), attention_mask=mask.to(device))
        loss = self.objective(output.logits.float(), self.targets[batch].to(device))
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimizer)
        trained = [parameter for parameter in self.model.parameters() if parameter.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(trained, plan.max_grad_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self._count(batch, ids, lr, loss.detach(), norm.detach())

    def _count(self, batch: Any, ids: torch.Tensor, lr: float, loss: torch.Tensor, norm: torch.Tensor) -> None:
        read = int((self.tokens.offsets[batch + 1] - self.tokens.offsets[batch]).sum())
        self.step += 1
        self.rows += len(batch)
        self.read += read
        self.slots += ids.numel()
        known = {
            "step": self.step,
            "epoch": self.step / self.per_epoch,
            "lr": lr,
            "rows": len(batch),
            "tokens": read,
            "slots": ids.numel(),
        }
        self.unread.append((loss, norm, known))
        if self.step % _SYNC_EVERY[self.model.device.type] == 0:
            self._flush()

    def _flush(self) -> None:
        """Read the losses that are still on the device and tell of their steps."""
        seconds = time.perf_counter() - self.began
        memory = devices.used_memory(self.model.device) if self.unread else 0
        waiting, self.unread = self.unread, []
        for loss, norm, known in waiting:
            value = loss.item()
            self.emit(Step(loss=value, grad_norm=norm.item(), seconds=seconds, memory=memory, **known))
            # In fp16 the scaler leaves steps out whose gradients are too large, and goes on with a smaller scale.
            norm_matters = not self.scaler.is_enabled()
            if not math.isfinite(value) or (norm_matters and not math.isfinite(norm.item())):
                self._restore()
                what = "loss" if not math.isfinite(value) else "gradient"
                raise TrainingError(
                    f"the {what} is {value if what == 'loss' else norm.item()} at step {known['step']} "
                    f"of {self.plan.steps}.",
                    f'Lower lr (it is {self.plan.lr:g}), or set precision = "fp32".',
                )

    def _due(self) -> bool:
        last = self.step == self.plan.steps
        return self.measure is not None and (last or self.step % (self.plan.eval_every or self.per_epoch) == 0)

    def _evaluate(self, button: StopButton) -> None:
        """Measure the validation rows and keep the weights if they are the best so far."""
        self._flush()
        began = time.perf_counter()
        metrics = self.measure(button.check) if self.measure else {}
        score = metrics[self.plan.metric] * (1 if self.plan.higher_is_better else -1)
        best = score > self.best_score
        self.waited = 0 if best else self.waited + 1
        if best:
            self.best_score, self.best_step = score, self.step
            self.best_weights = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        seconds = time.perf_counter() - began
        epoch = self.step / self.per_epoch
        self.emit(Evaluated(self.step, epoch, metrics["loss"], metrics, best, seconds))

    def _patience_is_out(self) -> bool:
        return self.plan.patience is not None and self.waited >= self.plan.patience

    def _restore(self) -> None:
        """Leave the best weights in the model; without an evaluation the last are the best known."""
        if self.best_weights is None:
            self.best_step = self.step
        elif self.best_step != self.step:
            self.model.load_state_dict(self.best_weights)
        self.best_weights = None
        self.optimizer.zero_grad(set_to_none=True)


def _adamw(model: PreTrainedModel, plan: Plan) -> torch.optim.Optimizer:
    """Return AdamW (Loshchilov & Hutter 2019); biases and norms are not decayed, as in BERT's own training."""
    import torch

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.lr, fused=model.device.type in ("cpu", "cuda"))
