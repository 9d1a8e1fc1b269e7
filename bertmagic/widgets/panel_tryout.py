"""The part of the panel for a trained model: predict a text, show its attention, evaluate, save, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic import display as drawing
from bertmagic.display.results import commands
from bertmagic.display.writers.elements import paragraph, warned
from bertmagic.errors import BertMagicError
from bertmagic.widgets.attention import HostedView

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
    view
        The live view of the attention that was shown last; None if the last answer is something else.
    saved
        What became of saving the model, as HTML.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.model: Any = None
        self.shown = self.saved = ""
        self.view: HostedView | None = None
        self._names = names

    def spec(self) -> dict[str, Any]:
        """Return what the browser shows apart from the answer: the name of the model, and lines to go on with."""
        if self.model is None:
            return {"model": "", "example": _EXAMPLE, "folder": "", "steps": []}
        name = str(self.model.name)
        return {"model": name, "example": _EXAMPLE, "folder": commands.folder(name), "steps": self._steps()}

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
        self.model, self.saved = model, ""
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
        """Show the attention to a text: a picture, and the live view in its place where that can be drawn."""
        maps: list[Any] = []

        def computed() -> Any:
            maps.append(self.model.attention(text, show=False))
            return maps[0]

        self._show(computed)
        self.view = HostedView(maps[0]) if maps else None

    def save(self, folder: str) -> None:
        """Save the model to a folder."""
        try:
            path = self.model.save(folder.strip() or commands.folder(str(self.model.name))).absolute()
            self.saved = str(paragraph(f"Saved in {path}."))
        except BertMagicError as error:
            self.saved = str(warned(str(error)))

    def _show(self, compute: Callable[[], Any]) -> None:
        self.view = None
        try:
            self.shown = drawing.bundle(compute())["text/html"]
        except BertMagicError as error:
            self.shown = str(warned(str(error)))
