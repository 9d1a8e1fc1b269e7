"""The panel as a widget: what goes between Python and the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from bertmagic.widgets import assets

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_AT_ONCE = 10_000
"""More presses than a browser can have sent while the kernel was busy."""


class PanelView(anywidget.AnyWidget):
    """One widget with the whole panel. The browser writes the traits of `FROM_BROWSER`, Python all others.

    Attributes
    ----------
    chosen
        What the controls hold, by the name of the option; an option at its default is left out. A value is whatever
        the browser has sent.
    presses
        The buttons that were pressed, each with a number, the newest last. They are a trait and no message, so that
        they arrive after what was chosen before, and together with it where a busy front end joins its messages.
    viewed
        The settings that were changed in the attention view, and the ``number`` of that view. A page that is loaded
        again, or a second one, takes them.
    _face
        The mark of the static state in the page, which the panel hides: the page cannot renew it after a reload.
    """

    _esm = assets.script("panel")
    _css = assets.style("panel")

    chosen = traitlets.Dict().tag(sync=True)
    presses = traitlets.List().tag(sync=True)
    viewed = traitlets.Dict().tag(sync=True)
    _heard = traitlets.Int(0).tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _defaults = traitlets.Dict().tag(sync=True)
    _automatic = traitlets.Dict().tag(sync=True)
    _problems = traitlets.Dict().tag(sync=True)
    _models = traitlets.List().tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)
    _estimate = traitlets.Unicode("").tag(sync=True)
    _cell = traitlets.Unicode("").tag(sync=True)
    _run = traitlets.Dict().tag(sync=True)
    _frames = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _trial = traitlets.Dict().tag(sync=True)
    _answer = traitlets.Unicode("").tag(sync=True)
    _attention = traitlets.Dict().tag(sync=True)
    _saved = traitlets.Unicode("").tag(sync=True)
    _face = traitlets.Unicode("").tag(sync=True)

    FROM_BROWSER: ClassVar[frozenset[str]] = frozenset(["chosen", "presses", "viewed"])
    """The traits that the browser may write."""

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sends of the traits that it may write; what is of another type is passed over."""
        types = {name: type(getattr(self, name)) for name in self.FROM_BROWSER}
        super().set_state({name: value for name, value in sync_data.items() if isinstance(value, types.get(name, ()))})

    @traitlets.observe("presses")
    def _pressed(self, _: Any) -> None:
        known = [press for press in self.presses if self._is_press(press)]
        if len(known) < len(self.presses):
            self.presses = known  # the browser counts on from the largest number; this observer is called again
            return
        for press in known:
            if self._heard < press["number"]:
                self._act(press)
                self._heard = press["number"]

    def _is_press(self, press: Any) -> bool:
        """Whether it has a number that can follow: after one that is far too large no button would be heard again."""
        number = press.get("number") if isinstance(press, dict) else None
        return type(number) is int and 0 < number <= self._heard + _MOST_AT_ONCE

    def _act(self, press: Mapping[str, Any]) -> None:
        """Do what a button stands for; its words come from the browser and may be anything."""
        raise NotImplementedError
