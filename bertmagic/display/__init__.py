"""Figures and tables: results and events become static bundles, and a run becomes a live panel.

`bundle` and `text` draw a result; each kind has a module of its own that is imported when one is shown. To add a
kind, write such a module with the functions ``text`` and ``markup``, and ``below`` where figures belong to it, and name
it in ``_FACES``. `progress` and `panel` draw a run, `publish` is the only module that knows IPython.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["below", "bundle", "text"]

_FACES = {
    "Advice": "results.advice",
    "Answers": "results.answers",
    "AttentionMaps": "attention",
    "Comparison": "attention.comparison",
    "Entities": "results.entities",
    "MultiLabelPredictions": "results.multi_label",
    "NumberPredictions": "results.regression",
    "PanelState": "results.panel_state",
    "Predictions": "results.predictions",
    "Fills": "results.fills",
    "NextSentences": "results.next_sentences",
    "Report": "results.report",
    "Calibration": "results.calibration",
    "Figure": "results.figure",
    "DataReport": "results.data_report",
    "Catalogue": "results.catalogue",
    "Status": "results.status",
    "Estimate": "results.estimate",
    "Job": "results.job",
    "Runs": "results.runs",
    "ModelComparison": "results.comparison",
    "RunDifference": "results.run_difference",
    "Rates": "results.rates",
    "Search": "results.search",
    "BaseException": "results.failure",
}


def text(result: object) -> str:
    """Return a result in words, for a terminal or where HTML is not shown."""
    return visible(_face(result).text(result))


def bundle(result: object) -> dict[str, Any]:
    """Return a result as a MIME bundle of ``text/plain`` and script-free ``text/html``, and plotly's where it is one.

    Raises
    ------
    TypeError
        If ``result`` is none of the results of bertmagic.
    """
    face = _face(result)
    figure = face.interactive(result) if hasattr(face, "interactive") else {}
    return {"text/plain": visible(face.text(result)), "text/html": str(face.markup(result)), **figure}


def below(result: object) -> Iterator[dict[str, Any]]:
    """Yield what stands below a result: figures, with tables of their numbers as static twins, and live views."""
    yield from getattr(_face(result), "below", lambda _: ())(result)


def _face(result: object) -> Any:
    for kind in type(result).__mro__:  # by name, so that showing one result imports no other package
        if kind.__name__ in _FACES:
            return import_module(f"{__name__}.{_FACES[kind.__name__]}")
    raise TypeError(f"{type(result).__name__} is not a result of bertmagic; expected one of {', '.join(_FACES)}.")
