"""Results and events as something to look at: blocks and their writers, live panels, charts, attention pictures.

A result is described once, as a list of `blocks`, by the module of `results` that `registry` names for its kind; the
`writers` render any blocks as plain text, HTML, Markdown or LaTeX. To add a kind of result, write such a module with
``blocks(result)``, and name it in `registry.KINDS`. `live` draws a run while it goes on, and `publish` is the only
module that knows IPython.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from bertmagic.display.registry import describe, further

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["below", "bundle", "latex", "markdown", "outputs", "page", "show", "text"]


def text(result: object) -> str:
    """Return a result in words, with what stands below it: for a terminal, or where HTML is not shown."""
    from bertmagic.display.writers.text import text as write

    return write(chain(describe(result), *further(result)))


def bundle(result: object) -> dict[str, Any]:
    """Return a result as a MIME bundle of ``text/plain`` and script-free ``text/html``, and plotly's where it is one.

    Raises
    ------
    TypeError
        If ``result`` is not a result of bertmagic.
    """
    from bertmagic.display.writers.mime import mime_bundle

    return mime_bundle(describe(result))


def below(result: object) -> Iterator[dict[str, Any]]:
    """Yield what stands below a result in outputs of its own: figures, rows to read, live views."""
    from bertmagic.display.writers.mime import mime_bundle

    return map(mime_bundle, further(result))


def outputs(result: object) -> Iterator[dict[str, Any]]:
    """Yield all outputs of a result, in their order."""
    yield bundle(result)
    yield from below(result)


def page(result: object) -> str:
    """Return a result as an HTML page: what a notebook shows of it, with the figures as SVG. No script, no link."""
    from bertmagic.display.writers.page import page as write

    return write(result)


def markdown(result: object) -> str:
    """Return a result as Markdown, as GitHub reads it."""
    from bertmagic.display.writers.markdown import markdown as write

    return write(describe(result))


def latex(result: object) -> str:
    """Return a result as LaTeX: its tables, for the package ``booktabs``, and its sentences as comments."""
    from bertmagic.display.writers.latex import latex as write

    return write(describe(result))


def show(result: object) -> None:
    """Show a result and what stands below it: in the cell of a notebook, as text anywhere else."""
    from bertmagic.display.publish import show as publish

    publish(result)
