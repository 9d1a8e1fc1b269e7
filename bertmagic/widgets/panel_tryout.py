"""What a panel offers once there is a model: try a text, look at its attention, measure it on rows."""

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
    """A text box and buttons for a model; hidden until there is one.

    Attributes
    ----------
    model
        The model that is tried.
    widget
        What is shown.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.model: Any = None
        self._names = names
        self.text = ipw.Text(description="try a text", placeholder="I would buy it again", layout={"width": "60%"})
        self.rows = ipw.Text(
            description="rows", placeholder="a variable, or sample:reviews@test", layout={"width": "60%"}
        )
        self.shown = ipw.VBox()
        self._asking = ipw.VBox([
            ipw.HBox([self.text, button("Predict", "Predict for the text", self.predict),
                      button("Attention", "What the heads attend to in the text", self.attend)]),
            ipw.HBox([self.rows, button("Evaluate", "Measure on these rows; none: the report", self.evaluate)]),
        ])  # fmt: skip
        self._asking.layout.display = "none"
        self.widget = ipw.VBox([self._asking, self.shown])

    def offer(self, model: Any) -> None:
        """Take a model, and show its report if it has one."""
        self.model = model
        self._asking.layout.display = ""
        if model.report is not None:
            self._answer(lambda: model.report)

    def predict(self) -> None:
        """Predict for the text in the box."""
        self._answer(lambda: self.model.predict([self.text.value], show=False))

    def evaluate(self) -> None:
        """Measure on the rows that are named; without a name show the report of the run."""
        given = self.rows.value.strip()
        if not given:
            return self._answer(lambda: self.model.report)
        self._answer(lambda: self.model.evaluate(self._names.get(given, given), show=False))

    def attend(self) -> None:
        """Show the attention view of the text in the box."""
        try:
            self.shown.children = [self.model.attention(self.text.value, show=False).view()]
        except BertMagicError as error:
            self.shown.children = [ipw.HTML(str(warned(str(error))))]

    def _answer(self, ask: Callable[[], Any]) -> None:
        try:
            shown = drawing.bundle(ask())["text/html"]
        except BertMagicError as error:
            shown = str(warned(str(error)))
        self.shown.children = [ipw.HTML(shown)]
