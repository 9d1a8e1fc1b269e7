"""The part of the panel for a trained model: predict a text, show its attention, evaluate on rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as ipw

from bertmagic import display as drawing
from bertmagic.display.writers.elements import warned
from bertmagic.errors import BertMagicError
from bertmagic.widgets.panel_form import button

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Tryout:
    """A text box and buttons for a model; hidden until there is a model.

    Attributes
    ----------
    model
        The model.
    widget
        The ipywidget of this part.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.model: Any = None
        self._names = names
        self.text = ipw.Text(description="try a text", placeholder="I would buy it again", layout={"width": "60%"})
        self.rows = ipw.Text(
            description="rows", placeholder="a variable, or sample:reviews@test", layout={"width": "60%"}
        )
        self.shown = ipw.VBox()
        self._inputs = ipw.VBox([
            ipw.HBox([self.text, button("Predict", "Predict for the text", self.predict),
                      button("Attention", "Show the attention of all heads to the text", self.attend)]),
            ipw.HBox([self.rows, button("Evaluate", "Evaluate on these rows, or show the report", self.evaluate)]),
        ])  # fmt: skip
        self._inputs.layout.display = "none"
        self.widget = ipw.VBox([self._inputs, self.shown])

    def offer(self, model: Any) -> None:
        """Show the buttons for a model, and its report if it has one."""
        self.model = model
        self._inputs.layout.display = ""
        if model.report is not None:
            self._show(lambda: model.report)

    def predict(self) -> None:
        """Predict for the text in the box."""
        self._show(lambda: self.model.predict([self.text.value], show=False))

    def evaluate(self) -> None:
        """Evaluate on the named rows; without a name, show the report of the run."""
        name = self.rows.value.strip()
        if not name:
            return self._show(lambda: self.model.report)
        self._show(lambda: self.model.evaluate(self._names.get(name, name), show=False))

    def attend(self) -> None:
        """Show the attention view of the text in the box."""
        try:
            self.shown.children = [self.model.attention(self.text.value, show=False).view()]
        except BertMagicError as error:
            self.shown.children = [ipw.HTML(str(warned(str(error))))]

    def _show(self, compute: Callable[[], Any]) -> None:
        try:
            content = drawing.bundle(compute())["text/html"]
        except BertMagicError as error:
            content = str(warned(str(error)))
        self.shown.children = [ipw.HTML(content)]
