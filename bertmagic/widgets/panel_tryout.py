"""The part of the panel for a trained model: predict a text, show its attention, evaluate on rows, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic import display as drawing
from bertmagic.display.results import commands
from bertmagic.display.writers.elements import warned
from bertmagic.errors import BertMagicError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXAMPLE = "I would buy it again"


class Tryout:
    """What was asked of the trained model last, as HTML.

    Attributes
    ----------
    model
        The model; None before the first run has ended.
    shown
        The HTML of the last answer.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.model: Any = None
        self.shown = ""
        self._names = names

    def spec(self) -> dict[str, Any]:
        """Return what the browser shows apart from the answer: the name of the model, and lines to go on with."""
        if self.model is None:
            return {"model": "", "example": _EXAMPLE, "steps": []}
        return {"model": str(self.model.name), "example": _EXAMPLE, "steps": self._steps()}

    def _steps(self) -> list[list[str]]:
        name = str(self.model.name)
        return [
            ["Predict", commands.predict(_EXAMPLE, name)],
            ["Errors", commands.evaluate("test_rows", name)],
            ["Attention", commands.attention(_EXAMPLE, name)],
            ["Save", commands.save(name)],
        ]

    def offer(self, model: Any) -> None:
        """Take a trained model, and show its report if it has one."""
        self.model = model
        if model.report is not None:
            self._show(lambda: model.report)

    def predict(self, text: str) -> None:
        """Predict for a text."""
        self._show(lambda: self.model.predict([text], show=False))

    def evaluate(self, name: str = "") -> None:
        """Evaluate on the named rows; without a name, show the report of the run."""
        name = name.strip()
        if not name:
            return self._show(lambda: self.model.report)
        self._show(lambda: self.model.evaluate(self._names.get(name, name), show=False))

    def attend(self, text: str) -> None:
        """Show a picture of the attention to a text."""
        self._show(lambda: self.model.attention(text, show=False))

    def _show(self, compute: Callable[[], Any]) -> None:
        try:
            self.shown = drawing.bundle(compute())["text/html"]
        except BertMagicError as error:
            self.shown = str(warned(str(error)))
