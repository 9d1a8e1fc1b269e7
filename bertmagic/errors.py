"""Everything that bertmagic raises on purpose.

::

    Exception
      BertMagicError           one to three lines: what, found, expected, the fix
        OptionError            an option, a flag or a magic line that cannot be read
        UnknownReference       a name that is no variable, sample, run, path or hub id
        DataError              a table that cannot be trained on, predicted or evaluated
        ModelError             weights, a folder or a head that cannot be used
        DeviceError            a device or a precision that this machine lacks
        TrainingError          a run that cannot go on; carries the last good model of one that diverged
    KeyboardInterrupt
      Interrupted              the stop button during training; carries the model so far
"""

from __future__ import annotations

import contextlib
import difflib
import traceback
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bertmagic.text_model import TextModel


class _ShortTraceback(BaseException):
    """Shows itself in a notebook by its message alone, unless the full trace is wanted.

    IPython and ipykernel call ``_render_traceback_`` where an exception class has it; the `error` message of the
    kernel stays a real one, so that nbclient and papermill see the failure.
    """

    style: ClassVar[Literal["short", "full"]] = "short"

    def _render_traceback_(self) -> list[str]:
        if _ShortTraceback.style == "full":
            return [line.rstrip("\n") for line in traceback.format_exception(self)]
        return [f"{type(self).__name__}: {self}"]


class BertMagicError(_ShortTraceback, Exception):
    """The root of all errors of bertmagic.

    Parameters
    ----------
    what
        What went wrong, where, and what was found, in one sentence.
    fix
        What the user can do about it, in one sentence; it becomes a line of its own.

    Names and texts from data may stand in both: `visible` keeps them from moving what a terminal writes.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        self.what = visible(what)
        self.fix = visible(fix)
        super().__init__(f"{self.what}\n{self.fix}" if fix else self.what)


class OptionError(BertMagicError):
    """An option, a flag or a magic line that cannot be read."""


class UnknownReference(BertMagicError):
    """A reference to data or to a model that names nothing known."""


class DataError(BertMagicError):
    """A table that cannot be trained on, predicted or evaluated."""


class ModelError(BertMagicError):
    """Weights, a folder or a head that cannot be used."""


class DeviceError(BertMagicError):
    """A device or a precision that this machine does not have."""


class TrainingError(BertMagicError):
    """A run that cannot go on.

    Attributes
    ----------
    model
        The model with its last good weights, where a run came to have some; else None.
    """

    def __init__(self, what: str, fix: str = "", model: TextModel | None = None) -> None:
        super().__init__(what, fix)
        self.model = model


class Interrupted(_ShortTraceback, KeyboardInterrupt):
    """The stop button was pressed while a model was trained.

    Attributes
    ----------
    model
        The model with its best weights so far; None when it stopped before the first step.
    """

    def __init__(self, message: str, model: TextModel | None = None) -> None:
        self.model = model
        super().__init__(visible(message))


def empty_frames(error: BaseException) -> None:
    """Empty the frames that an error and those it came from hold, but those of the user's own cells or script.

    IPython keeps the last error: its frames would keep model and optimizer alive. The lines of the trace stay.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_globals.get("__name__") != "__main__":
                with contextlib.suppress(RuntimeError):  # it is still running
                    frame.clear()


def nearest(name: object, known: Iterable[object]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name nearest to ``name``, or an empty string."""
    spelled = {str(candidate).lower(): str(candidate) for candidate in known}
    close = difflib.get_close_matches(str(name).lower(), spelled, n=1, cutoff=0.6)
    return f" Did you mean {spelled[close[0]]!r}?" if close else ""


def listing(items: Iterable[Any], most: int = 8) -> str:
    """Return the first items with commas between, and how many more there are."""
    shown = [str(item) for item in items]
    rest = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def count(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``"1 row"``, ``"2 rows"``, ``"1,234 rows"``.

    Parameters
    ----------
    n
        How many there are.
    one
        The noun in the singular.
    many
        The plural where it is not the singular with an s, such as ``"classes"``.
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
