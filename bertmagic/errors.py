"""All exceptions of bertmagic.

::

    Exception
      BertMagicError           one to three lines: what is wrong, what was expected, the fix
        OptionError            an invalid option, flag or magic line
        UnknownReference       a name that is not a variable, sample, run, path or hub id
        DataError              a table that cannot be used for training, prediction or evaluation
          InputError           texts, targets or parameters that an estimator cannot use; also a ValueError
        ModelError             weights, a folder or a head that cannot be used
          MissingHead          a folder has an encoder, and not the head of its task
        FileError              a file or folder that cannot be written, or is damaged
        DeviceError            a device or precision that this machine lacks, or too little memory
        TrainingError          a run that cannot continue; has the last good model if it diverged
    KeyboardInterrupt
      Interrupted              training was stopped; has the model so far
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import traceback
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bertmagic.magic_words import without_magics
from bertmagic.text_safety import shortened, visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bertmagic.text_model import TextModel


MOST = 2000
"""Characters of a message, at most. What it quotes may be a file, and a notebook keeps what it has shown."""


class _ShortTraceback(BaseException):
    """Shown in a notebook as its message alone, unless the user asks for the full traceback.

    IPython and ipykernel call ``_render_traceback_`` if an exception class has it. The kernel still sends an ``error``
    message, so nbclient and papermill see the failure.
    """

    style: ClassVar[Literal["short", "full"]] = "short"

    def _render_traceback_(self) -> list[str]:
        if _ShortTraceback.style == "full":
            return [line.rstrip("\n") for line in traceback.format_exception(self)]
        return [f"{type(self).__name__}: {self}"]


class BertMagicError(_ShortTraceback, Exception):
    """The base class of all errors of bertmagic.

    Parameters
    ----------
    what
        What went wrong, where, and what was found, in one sentence.
    fix
        What the user can do, in one sentence; it is shown on a line of its own.

    Both can contain names and texts from the data: `visible` escapes characters that would move a terminal's output,
    and what makes the message longer than `MOST` characters loses its middle.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        what, fix = _message(what), _message(without_magics(fix))
        self.what = shortened(what, max(MOST - 1 - len(fix), MOST // 2))
        self.fix = shortened(fix, MOST - 1 - len(self.what))
        super().__init__(f"{self.what}\n{self.fix}" if fix else self.what)


class OptionError(BertMagicError):
    """An invalid option, flag or magic line."""


class UnknownReference(BertMagicError):
    """A name of data or a model that is not known."""


class DataError(BertMagicError):
    """A table that cannot be used for training, prediction or evaluation."""


class InputError(DataError, ValueError):
    """Texts, targets or parameters that an estimator cannot use; scikit-learn expects a `ValueError`."""


class ModelError(BertMagicError):
    """Weights, a folder or a head that cannot be used."""


class MissingHead(ModelError):
    """A folder with the weights of an encoder, and not those of the head that its task needs."""


class FileError(BertMagicError):
    """A file or folder that cannot be written or read, or that is damaged."""


class DeviceError(BertMagicError):
    """A device or precision that this machine does not have, or memory that does not hold what is asked for."""


class TrainingError(BertMagicError):
    """A run that cannot continue.

    Attributes
    ----------
    model
        The model with its last good weights; None if there are none.
    """

    def __init__(self, what: str, fix: str = "", model: TextModel | None = None) -> None:
        super().__init__(what, fix)
        self.model = model


class Interrupted(_ShortTraceback, KeyboardInterrupt):
    """Training was stopped by the user.

    Attributes
    ----------
    model
        The model with its best weights so far; None before the first step.
    """

    def __init__(self, message: str, model: TextModel | None = None) -> None:
        self.model = model
        super().__init__(_message(message))


def _message(text: str) -> str:
    """Return a text in which every character is seen, of at most `MOST` characters."""
    return shortened(visible(shortened(text, MOST)), MOST)


def empty_frames(error: BaseException) -> None:
    """Clear the local variables in the frames of an error and its causes, except frames of the user's own code.

    IPython keeps the last error, and its frames would keep model and optimizer in memory. The traceback stays readable.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        waiting += [current.__cause__, current.__context__]
        for frame, _ in traceback.walk_tb(current.__traceback__):
            if frame.f_globals.get("__name__") != "__main__":
                with contextlib.suppress(RuntimeError):  # the frame is still running
                    frame.clear()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had, on a GPU or for the process.

    PyTorch and oneDNN have no error class for it on a CPU. "could not create a primitive" is what oneDNN says if the
    memory for a layer's plan or scratchpad is missing; it has other causes, too, so quote it.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error) for phrase in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = (
    "DefaultCPUAllocator", "can't allocate memory", "annot allocate memory", "out of memory", "unable to mmap",
    "not enough memory", "std::bad_alloc", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
    "could not create a primitive", "could not create a memory object",
)  # fmt: skip
"""Parts of the messages of PyTorch's allocators, of shared memory, cuBLAS, cuDNN and oneDNN."""


@contextlib.contextmanager
def named_memory_errors() -> Iterator[None]:
    """Turn an out-of-memory error, wherever it comes from, into one of ours, which keeps no tensor alive.

    Raises
    ------
    DeviceError
        That memory ran out, with the first line of the library's own message.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        empty_frames(error)
        words = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise DeviceError(
            f"memory ran out ({words}).",
            "Free some: %bert_unload lets models go. Or take fewer rows, a smaller max_length, or a smaller model.",
        ) from None


def nearest(name: object, known: Iterable[object]) -> str:
    """Return ``" Did you mean 'x'?"`` for the most similar known name, or an empty string."""
    near = most_similar(str(name), known)
    return f" Did you mean {near!r}?" if near else ""


def most_similar(name: str, known: Iterable[object]) -> str:
    """Return the known name that is spelt most like another one, in any case; empty if none is alike."""
    if len(name) > _LONG:
        return ""
    spelled = {one.lower(): one for one in map(str, known) if len(one) <= 2 * _LONG}
    close = difflib.get_close_matches(name.lower(), _compared(name.lower(), spelled), n=1, cutoff=0.6)
    return spelled[close[0]] if close else ""


def is_near(name: str, known: Iterable[str]) -> bool:
    """Whether a name is rather a known one with a slip or two of the keyboard than another name."""
    name, others = name.lower()[:_LONG], [other.lower()[:_LONG] for other in known]
    return bool(difflib.get_close_matches(name, _compared(name, others), 1, 0.8))


def _compared(name: str, known: Collection[str]) -> list[str]:
    """Return the names that are compared with one: of very many those that begin or end like it, and not all of these.

    A table may have a hundred thousand columns.
    """
    some = known if len(known) <= _MANY else (one for one in known if one[:1] == name[:1] or one[-1:] == name[-1:])
    return list(islice(some, _MANY))


_LONG = 200
"""Characters of a name that are compared: the time grows with their square."""

_MANY = 5_000
"""How many known names are compared."""


def listing(items: Iterable[Any], most: int = 8) -> str:
    """Return the first items, separated by commas, and the number of further ones."""
    given = list(items)
    rest = len(given) - most
    shown = ", ".join(shortened(str(item), _LONG) for item in given[:most])
    return shown + (f" and {rest:,} more" if rest > 0 else "")


def count(n: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: ``"1 row"``, ``"2 rows"``, ``"1,234 rows"``.

    Parameters
    ----------
    n
        How many there are.
    singular
        The noun.
    plural
        The plural, if it is not the singular plus an s: ``"classes"``.
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
