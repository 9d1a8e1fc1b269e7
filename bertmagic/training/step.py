"""One optimizer step: a batch in micro-batches that fit the memory, and no update where its gradient is infinite."""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bertmagic.data.batches import split_by_length
from bertmagic.errors import DeviceError, is_out_of_memory
from bertmagic.events import Listener, Note
from bertmagic.models import adapters, devices, heads
from bertmagic.models.fast import dropout
from bertmagic.models.fast.word_embeddings import trim
from bertmagic.models.fast.working_copy import for_training
from bertmagic.training.gradient_checkpointing import recompute_activations
from bertmagic.training.optimizer import Average, adamw, averaged, moments, norm_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch, BatchSource
    from bertmagic.training.objective import Objective
    from bertmagic.training.plan import Plan

    Rows = npt.NDArray[np.int64]

_FIRST_SCALE = 2.0**16
_GROWS_AFTER = 2000
"""The loss scale of fp16, and after how many good steps it doubles: the values of PyTorch's own scaler."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did.

    ``loss``, ``norm`` (of the gradient, before clipping) and ``broken`` (1 if the update ends the run) are still on
    the device. ``tokens`` counts the real tokens, ``padded_tokens`` also the padding.
    """

    loss: torch.Tensor
    norm: torch.Tensor
    broken: torch.Tensor
    rows: Rows
    tokens: int
    padded_tokens: int


class Stepper:
    """Takes optimizer steps on a model.

    An update that is not finite is skipped on the device, so that the host need not read the loss; so are all updates
    after it, until the host has read it. In fp16 a gradient that is too large halves the loss scale instead, and ends
    the run only once the scale is down to 1 (Micikevicius et al. 2018, "Mixed Precision Training", section 3.2).

    Parameters
    ----------
    model
        A plain transformers model, on its device. Only its weights change; all its word embeddings are there again
        once `Vocabulary.join` was called.
    feed
        The training samples with their targets.
    emit
        Gets a note when a batch had to be split.

    Attributes
    ----------
    model
        The copy that is computed with; it shares the weights of the given one.
    micro_batch
        How many rows fit the memory at once; None while all did.
    """

    def __init__(
        self, model: PreTrainedModel, feed: BatchSource, plan: Plan, objective: Objective, emit: Listener
    ) -> None:
        import torch

        self.model = for_training(model, plan.seed, objective.outputs is heads.logits)
        if plan.gradient_checkpointing:
            recompute_activations(self.model)
        self.feed, self.plan, self.objective, self.emit = feed, plan, objective, emit
        self.vocabulary = trim(self.model, feed)
        with devices.enough(model.device, "the model and what its optimizer keeps of each weight", devices.FREE):
            self.optimizer = adamw(self.model, plan.weight_decay, plan.layerwise_lr_decay)
            self.average = Average(self.model, plan.ema_decay) if plan.ema_decay else None
        self.micro_batch: int | None = None
        self._trained = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        self._broken, self._good = (torch.zeros((), dtype=torch.float32, device=model.device) for _ in range(2))
        self._scale = (
            torch.tensor(_FIRST_SCALE, dtype=torch.float32, device=model.device) if plan.precision == "fp16" else None
        )

    def step(self, batches: Sequence[Rows], lr: float, number: int) -> StepResult | None:
        """Take optimizer step ``number`` on the rows of all batches, at a learning rate.

        Returns
        -------
        StepResult or None
            None if nothing can be learnt from these rows, as where no token has a label: then nothing has changed.

        Raises
        ------
        DeviceError
            If not even one row at a time fits the memory.
        """
        import numpy as np

        loss, padded_tokens = self._fitting(batches, number)
        if not padded_tokens:
            return None
        norm, skipped = self._update(loss, lr)
        if self.average is not None:
            self.average.update(number, skipped)
        rows = np.concatenate(batches)
        tokens = int(self.feed.tokens.lengths_of(rows).sum())
        return StepResult(loss, norm, self._broken, rows, tokens, padded_tokens)

    def _fitting(self, batches: Sequence[Rows], number: int) -> tuple[torch.Tensor, int]:
        """Compute the gradients, in smaller micro-batches where memory runs out."""
        batches = split(batches, self.micro_batch)
        if (computed := self._gradients(batches, number)) is not None:
            return computed
        full = max(map(len, batches))
        for size in smaller(full):
            devices.release(self.model.device)
            if (computed := self._gradients(split(batches, size), number)) is not None:
                self.micro_batch = size
                self.emit(Note(_split_note(full, size, self.model.device), warning=True))
                return computed
        longest = max(int(self.feed.tokens.lengths_of(rows).max()) for rows in batches)
        raise DeviceError(
            f"the memory of {self.model.device} does not hold one row of {longest} tokens and what training needs.",
            f"Set max_length below {longest}, gradient_checkpointing = True, or take a smaller model.",
        )

    def _gradients(self, batches: Sequence[Rows], number: int) -> tuple[torch.Tensor, int] | None:
        """Leave the gradients in the parameters and return the loss and the padded tokens; None if memory ran out.

        The caller tries again only after this has returned: the error keeps all tensors of the try until then.
        """
        device = self.model.device
        before, masks = devices.random_state(device), dropout.state(self.model)
        try:
            return self._backward(batches, number)
        except (RuntimeError, MemoryError, OSError) as error:
            if not is_out_of_memory(error):
                raise
        self.optimizer.zero_grad(set_to_none=True)
        devices.set_random_state(device, before)
        dropout.restore(self.model, masks)
        return None

    def _backward(self, batches: Sequence[Rows], number: int) -> tuple[torch.Tensor, int]:
        """Return the loss and the padded tokens; both are 0 where nothing can be learnt."""
        import torch

        loss = torch.zeros((), dtype=torch.float32, device=self.model.device)
        parts = [self.feed.batch(rows, number) for rows in self._with_little_padding(batches)]
        weight = sum(float(self.objective.weight(part.targets)) for part in parts if part.targets is not None)
        if weight == 0:
            return loss, 0
        for part in parts:
            share = self._loss(part) / weight
            (share if self._scale is None else share * self._scale).backward()  # type: ignore[no-untyped-call]
            loss += share.detach()
        return loss, sum(part.ids.numel() for part in parts)

    def _with_little_padding(self, batches: Sequence[Rows]) -> list[Rows]:
        return [rows[part] for rows in batches for part in split_by_length(self.feed.tokens.lengths_of(rows))]

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Return the sum of the losses of a batch."""
        device = self.model.device
        here = batch.to(partial(devices.send, device=device))
        with devices.autocast(device, self.plan.precision):
            outputs = self.objective.outputs(self.model, here)
        assert here.targets is not None
        return self.objective.total(outputs, here.targets)

    def _update(self, loss: torch.Tensor, lr: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Update the weights unless that is not finite; return the norm of the gradient, and 1 if it was skipped."""
        gradients = [parameter.grad for parameter in self._trained if parameter.grad is not None]
        norm = norm_of(gradients)
        if self._scale is not None:
            norm = norm / self._scale
        # The divisor clips: AdamW divides the gradients as it reads them, which takes no pass over them.
        divisor = (norm / (self.plan.max_grad_norm or math.inf)).clamp(min=1.0)
        skipped = self._is_skipped(loss, norm)
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["share"]
        self._apply(gradients, divisor if self._scale is None else divisor * self._scale, skipped)
        if self._scale is not None:
            self._scale = self._rescaled(self._scale, skipped)
        self.optimizer.zero_grad(set_to_none=True)
        return norm, skipped

    def _is_skipped(self, loss: torch.Tensor, norm: torch.Tensor) -> torch.Tensor:
        """Return 1 on the device where this update must be skipped, else 0."""
        import torch

        wrong = ~torch.isfinite(norm + loss)
        ends = wrong if self._scale is None else wrong & (~torch.isfinite(loss) | (self._scale <= 1))
        self._broken = torch.maximum(self._broken, ends.float())
        return torch.maximum(self._broken, wrong.float())

    def _apply(self, gradients: Sequence[torch.Tensor], divisor: torch.Tensor, skipped: torch.Tensor) -> None:
        if self.optimizer.param_groups[0]["fused"]:
            # These are what PyTorch's own scaler sets: the fused kernel reads them on the device.
            self.optimizer.grad_scale, self.optimizer.found_inf = divisor, skipped  # type: ignore[attr-defined]
            self.optimizer.step()
        elif not skipped.item():  # no such kernel on this device: the host has to look
            for gradient in gradients:
                gradient.div_(divisor)
            self.optimizer.step()

    def _rescaled(self, scale: torch.Tensor, skipped: torch.Tensor) -> torch.Tensor:
        """Return half the loss scale after an update that was skipped, twice it after many that were not."""
        import torch

        self._good = (self._good + 1) * (1 - skipped)
        grows = self._good >= _GROWS_AFTER
        self._good = torch.where(grows, torch.zeros_like(self._good), self._good)
        return scale * torch.where(skipped > 0, 0.5, torch.where(grows, 2.0, 1.0))

    def finite(self, rows: Rows, step: int) -> npt.NDArray[np.bool_]:
        """Return for each row of a step whether the model's loss for it is finite now."""
        import torch

        self.model.eval()
        with torch.no_grad():
            losses = [self._loss(self.feed.batch(rows[[at]], step)) for at in range(len(rows))]
        self.model.train()
        return torch.stack(losses).isfinite().cpu().numpy()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While this lasts, the model has what an evaluation reads: all word embeddings, and the averaged weights."""
        with averaged(self.average), self.vocabulary.whole() if self.vocabulary else nullcontext():
            yield

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return all tensors that the next step depends on, by name; they are those in use, not copies."""
        state = {f"weights.{name}": value for name, value in distinct(adapters.state(self.model)).items()}
        state |= {"vocabulary": self.vocabulary.start} if self.vocabulary else {}
        state |= moments(self.model, self.optimizer)
        state |= {f"average.{name}": mean for name, mean in (self.average.tensors() if self.average else {}).items()}
        state |= {"scale": self._scale, "good": self._good} if self._scale is not None else {}
        masks = dropout.state(self.model)
        state |= {"random.masks": masks} if masks is not None else {}
        return state | {"random.device": devices.random_state(self.model.device)}

    def restore(self, saved: Mapping[str, torch.Tensor]) -> None:
        """Put everything back to where `tensors` found it."""
        import torch

        with torch.no_grad():
            for name, value in self.tensors().items():
                if not name.startswith("random."):
                    value.copy_(saved[name])
        devices.set_random_state(self.model.device, saved["random.device"])
        dropout.restore(self.model, saved.get("random.masks"))


def split(batches: Sequence[Rows], size: int | None) -> list[Rows]:
    """Cut batches into micro-batches of at most ``size`` rows."""
    return [rows[at : at + (size or len(rows))] for rows in batches for at in range(0, len(rows), size or len(rows))]


def smaller(rows: int) -> list[int]:
    """Return the sizes to try when so many rows do not fit: half, the root of that (geometrically half), and one."""
    half = math.ceil(rows / 2)
    return sorted({size for size in (half, round(math.sqrt(half)), 1) if size < rows}, reverse=True)


def distinct(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors without those that share the memory of one before, as an output layer tied to embeddings."""
    kept: dict[int, tuple[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        kept.setdefault(value.data_ptr(), (name, value))
    return dict(kept.values())


def _split_note(full: int, size: int, device: torch.device) -> str:
    return (
        f"The memory of {device} is too small for {full} rows at once: from here on {size} are computed at a time. "
        "A step still learns from all its rows."
    )
