"""``%config BertMagic``: a user's defaults for options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, TraitError, Unicode, observe, validate
from traitlets.config import Configurable

from bertmagic import errors
from bertmagic.disk import paths
from bertmagic.options import Finetune, Option, check, table
from bertmagic.options.synonyms import RENAMED, current

if TYPE_CHECKING:
    from bertmagic.options import Command

_VARIABLES = {"home": "BERTMAGIC_HOME", "offline": "HF_HUB_OFFLINE"}
_KINDS = ("model", "int", "float", "steps", "choice", "text")
_OPTIONS = {entry.name: entry for entry in table(Finetune) if entry.kind in _KINDS}
"""Options that make sense as defaults of a notebook: numbers, choices, the encoder and the device."""


class OptionTrait(AnyTrait):
    """A trait whose values are checked as those of an option."""

    def __init__(self, entry: Option, help: str = "") -> None:
        self.entry = entry
        super().__init__(entry.default, help=help or entry.help)
        self.tag(config=True)

    def validate(self, obj: object, value: object) -> object:
        """Return the value converted to the type of the option.

        Raises
        ------
        TraitError
            With the allowed values.
        """
        try:
            return check(self.entry, value)
        except errors.OptionError as error:
            raise TraitError(f"BertMagic.{error}") from None


class _Settings(Configurable):
    """Settings that are not options: how errors are shown, the folder of runs, and whether the network is asked."""

    traceback = Enum(
        ["short", "full"], "short", help="How errors are shown: the message alone, or the full traceback."
    ).tag(config=True)
    home = Unicode("", help="The folder of runs, like the variable BERTMAGIC_HOME; by default ./.bertmagic.").tag(
        config=True
    )

    offline = Bool(False, help="Ask no network: models and data of this disk only, as with HF_HUB_OFFLINE=1.").tag(
        config=True
    )

    def __init__(self, **known: Any) -> None:
        self._outer: dict[str, str | None] = {}
        super().__init__(**known)

    def defaults(self, command: Command) -> dict[str, Any]:
        """Return the options of a command that differ from the built-in default.

        The model of a prediction is not the encoder to start from: their built-in defaults differ. A metric of
        fine-tuning need not be one of pre-training.
        """
        return {
            entry.name: value
            for entry in command.options
            if entry.name in _OPTIONS
            and entry.default == _OPTIONS[entry.name].default != (value := getattr(self, entry.name))
            and (entry.kind != "choice" or set(value if entry.many else [value]) <= set(entry.choices))
        }

    def reset(self) -> None:
        """Undo the effects of settings outside of this object."""
        self.traceback, self.home, self.offline = "short", "", False

    @validate("home")
    def _read_home(self, proposal: dict[str, Any]) -> Any:
        try:
            return proposal["value"] and paths.path(proposal["value"], "home") and proposal["value"]
        except errors.OptionError as error:
            raise TraitError(f"BertMagic.{error}") from None

    @observe("traceback")
    def _show_traceback(self, change: dict[str, Literal["short", "full"]]) -> None:
        errors._ShortTraceback.style = change["new"]

    @observe(*RENAMED)
    def _set_under_its_new_name(self, change: dict[str, Any]) -> None:
        setattr(self, current(change["name"]), change["new"])

    @observe("home", "offline")
    def _set_variable(self, change: dict[str, Any]) -> None:
        """Set the variable of the environment that a setting stands for; back at its default, give it its old value."""
        name = _VARIABLES[change["name"]]
        if not change["old"]:
            self._outer[name] = os.environ.get(name)
        value = self._outer[name]
        if change["new"]:
            value = str(paths.path(change["new"])) if change["name"] == "home" else "1"
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


_EARLIER = {
    old: OptionTrait(_OPTIONS[new], f"Earlier name of {new}.") for old, new in RENAMED.items() if new in _OPTIONS
}

# The name that users type. Its other traits come from the table, so that an option is declared once.
BertMagic: type[_Settings] = type(
    "BertMagic", (_Settings,), {name: OptionTrait(entry) for name, entry in _OPTIONS.items()} | _EARLIER
)
