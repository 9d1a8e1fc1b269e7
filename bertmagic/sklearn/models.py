"""What the estimators do with their model: train it, ask it, and put it into a pickle."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from bertmagic import launch
from bertmagic.errors import BertMagicError, DataError, InputError, Interrupted, OptionError, TrainingError
from bertmagic.events import Event, Note
from bertmagic.run import folders

if TYPE_CHECKING:
    from bertmagic.options import Finetune
    from bertmagic.text_model import TextModel


def train(options: Finetune, show: bool) -> tuple[TextModel, tuple[str, ...]]:
    """Return the model of a run, and what the run said of its rows and values.

    Raises
    ------
    InputError
        If the rows or the options cannot be used.
    TrainingError
        If it diverged.
    Interrupted
        If it was stopped.
    """
    notes: dict[str, None] = {}

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            notes[event.text] = None

    try:
        return launch.train_apart(options, listen, show), tuple(notes)
    except (DataError, OptionError) as error:
        raise InputError(error.what, error.fix) from None
    except TrainingError as error:
        if error.model is None or options.name is not None:
            raise
        raise TrainingError(error.what.partition(" The weights of step")[0], error.fix, error.model) from None
    except Interrupted as error:
        if error.model is None or options.name is not None:
            raise
        raise Interrupted("fit was stopped; the estimator is not fitted.", error.model) from None


def predict(model: TextModel, rows: list[Any]) -> Any:
    """Return the frame of predictions; nothing is shown, and nothing stays on the disk."""
    try:
        with folders.apart():
            return model.predict(rows, show=False).frame
    except DataError as error:
        raise InputError(error.what, error.fix) from None


class PickledModel:
    """An estimator whose ``model_`` is pickled as it is on a CPU, and goes back to its device where it is read."""

    device: str | None

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        model = state.get("model_")
        if model is not None and model.is_loaded and str(model.device) != "cpu":
            state = {**state, "model_": _on_cpu(model)}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        model = state.get("model_")
        if model is not None and model.is_loaded:
            from bertmagic.models import devices

            try:
                model.network.to(devices.choose(self.device))
            except BertMagicError:  # the device that was asked for is not in this machine
                model.network.to(devices.choose(None))


def _on_cpu(model: TextModel) -> TextModel:
    twin = copy.copy(model)
    twin._network = copy.deepcopy(model.network).to("cpu")
    return twin
