"""One optimizer step: its batch in pieces that fit the memory, and an update that is left out if it is not finite."""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bertmagic.data.batches import by_length
from bertmagic.errors import DeviceError
from bertmagic.events import Listener, Note
from bertmagic.models import adapters, devices
from bertmagic.models.fast import dropout
from bertmagic.models.fast.word_embeddings import trim
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
class Taken:
    """What a step did.

    ``loss``, ``norm`` (of the gradient, before clipping) and ``broken`` (1 if the update ends the run) are still on
    the device.
    """

    loss: torch.Tensor
    norm: torch.Tensor
    broken: torch.Tensor
    rows: Rows
    tokens: int
    slots: int


class Stepper:
    """Takes optimizer steps on a model.

    An update that is not finite is left out on the device, which needs no look at the loss by the host; so are all
    that follow it, until the host has looked. In fp16 a gradient that is too large halves the loss scale instead, and
    is an end only once the scale is down to 1 (Micikevicius et al. 2018, "Mixed Precision Training", section 3.2).

    Parameters
    ----------
    feed
        The training samples, with what is to be learnt of them.
    emit
        Told when a batch had to be split.

    Attributes
    ----------
    most
        How many rows fit the memory at once; None while all did.
    """

    def __init__(
        self, model: PreTrainedModel, feed: BatchSource, plan: Plan, objective: Objective, emit: Listener
    ) -> None:
        import torch

        self.model, self.feed, self.plan, self.objective, self.emit = model, feed, plan, objective, emit
        self.vocabulary = trim(model, feed)
        with devices.enough(model.device, "the model and what its optimizer keeps of each weight", devices.FREE):
            self.optimizer = adamw(model, plan.weight_decay, plan.layerwise_lr_decay)
            self.average = Average(model, plan.ema_decay) if plan.ema_decay else None
        self.most: int | None = None
        self._trained = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        self._broken, self._good = (torch.zeros((), device=model.device) for _ in range(2))
        self._scale = torch.tensor(_FIRST_SCALE, device=model.device) if plan.precision == "fp16" else None

    def take(self, pieces: Sequence[Rows], lr: float, step: int) -> Taken:
        """Take optimizer step ``step`` on the rows of all pieces, at a learning rate.

        Raises
        ------
        DeviceError
            If not even one row at a time fits the memory.
        """
        import numpy as np

        loss, slots = self._fitting(pieces, step)
        norm, left_out = self._update(loss, lr)
        if self.average is not None:
            self.average.update(step, left_out)
        rows = np.concatenate(pieces)
        tokens = int(self.feed.tokens.lengths_of(rows).sum())
        return Taken(loss, norm, self._broken, rows, tokens, slots)

    def _fitting(self, pieces: Sequence[Rows], step: int) -> tuple[torch.Tensor, int]:
        """Compute the gradients, in smaller pieces where memory runs out."""
        pieces = split(pieces, self.most)
        if (found := self._gradients(pieces, step)) is not None:
            return found
        full = max(map(len, pieces))
        for most in smaller(full):
            devices.release(self.model.device)
            if (found := self._gradients(split(pieces, most), step)) is not None:
                self.most = most
                self.emit(Note(_split_note(full, most, self.model.device), warning=True))
                return found
        longest = max(int(self.feed.tokens.lengths_of(rows).max()) for rows in pieces)
        raise DeviceError(
            f"the memory of {self.model.device} does not hold one row of {longest} tokens and what training needs.",
            f"Set max_length below {longest}, gradient_checkpointing = True, or take a smaller model.",
        )

    def _gradients(self, pieces: Sequence[Rows], step: int) -> tuple[torch.Tensor, int] | None:
        """Leave the gradients of a batch in the parameters and return its loss and slots; None if memory ran out.

        The caller tries again only after this has returned: the error keeps all tensors of the try until then.
        """
        device = self.model.device
        before, masks = devices.random_state(device), dropout.state(self.model)
        try:
            return self._backward(pieces, step)
        except (RuntimeError, MemoryError) as error:
            if not devices.out_of_memory(error):
                raise
        self.optimizer.zero_grad(set_to_none=True)
        devices.set_random_state(device, before)
        dropout.restore(self.model, masks)
        return None

    def _backward(self, pieces: Sequence[Rows], step: int) -> tuple[torch.Tensor, int]:
        import torch

        device = self.model.device
        batches = [self.feed.batch(rows, step) for rows in self._with_little_padding(pieces)]
        weight = sum(float(self.objective.weight(batch.targets)) for batch in batches if batch.targets is not None)
        loss = torch.zeros((), device=device)
        for batch in batches:
            part = self._loss(batch) / weight
            (part if self._scale is None else part * self._scale).backward()  # type: ignore[no-untyped-call]
            loss += part.detach()
        return loss, sum(batch.ids.numel() for batch in batches)

    def _with_little_padding(self, pieces: Sequence[Rows]) -> list[Rows]:
        return [rows[part] for rows in pieces for part in by_length(self.feed.tokens.lengths_of(rows))]

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Return the sum of the losses of a batch."""
        device = self.model.device
        here = batch.to(partial(devices.send, device=device))
        with devices.autocast(device, self.plan.precision):
            outputs = self.objective.outputs(self.model, here)
        assert here.targets is not None
        return self.objective.total(outputs, here.targets)

    def _update(self, loss: torch.Tensor, lr: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Update the weights unless that is not finite; return the norm of the gradient, and 1 if it was left out."""
        gradients = [parameter.grad for parameter in self._trained if parameter.grad is not None]
        norm = norm_of(gradients)
        if self._scale is not None:
            norm = norm / self._scale
        # The divisor clips: AdamW divides the gradients as it reads them, which takes no pass over them.
        divisor = (norm / (self.plan.max_grad_norm or math.inf)).clamp(min=1.0)
        left_out = self._left_out(loss, norm)
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["share"]
        self._apply(gradients, divisor if self._scale is None else divisor * self._scale, left_out)
        if self._scale is not None:
            self._scale = self._rescaled(self._scale, left_out)
        self.optimizer.zero_grad(set_to_none=True)
        return norm, left_out

    def _left_out(self, loss: torch.Tensor, norm: torch.Tensor) -> torch.Tensor:
        """Return 1 on the device where this update must not be made, else 0."""
        import torch

        wrong = ~torch.isfinite(norm + loss)
        ends = wrong if self._scale is None else wrong & (~torch.isfinite(loss) | (self._scale <= 1))
        self._broken = torch.maximum(self._broken, ends.float())
        return torch.maximum(self._broken, wrong.float())

    def _apply(self, gradients: Sequence[torch.Tensor], divisor: torch.Tensor, left_out: torch.Tensor) -> None:
        if self.optimizer.param_groups[0]["fused"]:
            # These are what PyTorch's own scaler sets: the fused kernel reads them on the device.
            self.optimizer.grad_scale, self.optimizer.found_inf = divisor, left_out  # type: ignore[attr-defined]
            self.optimizer.step()
        elif not left_out.item():  # no such kernel on this device: the host has to look
            for gradient in gradients:
                gradient.div_(divisor)
            self.optimizer.step()

    def _rescaled(self, scale: torch.Tensor, left_out: torch.Tensor) -> torch.Tensor:
        """Return half the loss scale after an update that was left out, twice it after many that were not."""
        import torch

        self._good = (self._good + 1) * (1 - left_out)
        grows = self._good >= _GROWS_AFTER
        self._good = torch.where(grows, torch.zeros_like(self._good), self._good)
        return scale * torch.where(left_out > 0, 0.5, torch.where(grows, 2.0, 1.0))

    def finite(self, rows: Rows, step: int) -> npt.NDArray[np.bool_]:
        """Say of each row of a step whether the model's loss for it is finite now."""
        import torch

        self.model.eval()
        with torch.no_grad():
            losses = [self._loss(self.feed.batch(rows[[at]], step)) for at in range(len(rows))]
        self.model.train()
        return torch.stack(losses).isfinite().cpu().numpy()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Have in the model for a while what an evaluation reads: all word embeddings, and the averages."""
        with averaged(self.average), self.vocabulary.whole() if self.vocabulary else nullcontext():
            yield

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return all that the next step depends on, by name; they are the tensors in use, not copies."""
        found = {f"weights.{name}": value for name, value in distinct(adapters.state(self.model)).items()}
        found |= {"vocabulary": self.vocabulary.start} if self.vocabulary else {}
        found |= moments(self.model, self.optimizer)
        found |= {f"average.{name}": mean for name, mean in (self.average.tensors() if self.average else {}).items()}
        found |= {"scale": self._scale, "good": self._good} if self._scale is not None else {}
        masks = dropout.state(self.model)
        found |= {"random.masks": masks} if masks is not None else {}
        return found | {"random.device": devices.random_state(self.model.device)}

    def restore(self, saved: Mapping[str, torch.Tensor]) -> None:
        """Put everything back to where `tensors` found it."""
        import torch

        with torch.no_grad():
            for name, value in self.tensors().items():
                if not name.startswith("random."):
                    value.copy_(saved[name])
        devices.set_random_state(self.model.device, saved["random.device"])
        dropout.restore(self.model, saved.get("random.masks"))


def split(pieces: Sequence[Rows], most: int | None) -> list[Rows]:
    """Cut pieces so that none has more than ``most`` rows."""
    return [rows[at : at + (most or len(rows))] for rows in pieces for at in range(0, len(rows), most or len(rows))]


def smaller(rows: int) -> list[int]:
    """Return the sizes to try when so many rows do not fit: half, the root of that (geometrically half), and one."""
    half = math.ceil(rows / 2)
    return sorted({size for size in (half, round(math.sqrt(half)), 1) if size < rows}, reverse=True)


def distinct(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Leave out tensors that have their memory from one before, such as an output layer tied to the embeddings."""
    found: dict[int, tuple[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        found.setdefault(value.data_ptr(), (name, value))
    return dict(found.values())


def _split_note(full: int, most: int, device: torch.device) -> str:
    return (
        f"The memory of {device} is too small for {full} rows at once: from here on {most} are computed at a time. "
        "A step still learns from all its rows."
    )
