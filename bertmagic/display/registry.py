"""Which module describes which kind of result."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.display.blocks import Block, Figure

KINDS = {
    "Advice": "results.advice",
    "AnchorWords": "results.anchor",
    "Answers": "results.answers",
    "AttentionMaps": "attention.static",
    "BaseException": "results.failure",
    "Calibration": "results.calibration",
    "Catalogue": "results.catalogue",
    "Comparison": "attention.comparison",
    "DataReport": "results.data_report",
    "Entities": "results.entities",
    "Errors": "results.errors",
    "Estimate": "results.estimate",
    "Explanation": "results.explanation",
    "Export": "results.exported",
    "Figure": "results.figure",
    "Fills": "results.fills",
    "InfluentialRows": "results.influential_rows",
    "Job": "results.job",
    "MethodScores": "results.method_scores",
    "ModelComparison": "results.comparison",
    "MultiLabelPredictions": "results.multi_label",
    "NextSentences": "results.next_sentences",
    "NumberPredictions": "results.regression",
    "Overview": "results.overview",
    "PanelState": "results.panel_state",
    "Predictions": "results.predictions",
    "Rates": "results.rates",
    "Report": "results.report",
    "RunDifference": "results.run_difference",
    "Runs": "results.runs",
    "Search": "results.search",
    "Similarities": "results.similarities",
    "SmallestEdit": "results.smallest_edit",
    "Status": "results.status",
}
"""From the name of a class to the module that describes it with ``blocks(result)``.

Names and not classes, so that to show one result no other package is imported.
"""


def describe(result: object) -> list[Block]:
    """Return the blocks of a result.

    Raises
    ------
    TypeError
        If ``result`` is not a result of bertmagic.
    """
    return list(_module(result).blocks(result))


def further(result: object) -> Iterator[list[Block]]:
    """Yield the blocks of each further output, which a notebook shows below the result."""
    return iter(getattr(_module(result), "further", lambda _: ())(result))


def figures(result: object) -> Iterator[Figure]:
    """Yield the figures for a page of a result: those that it names for this, or else those of its further outputs."""
    from bertmagic.display.blocks import Figure

    module = _module(result)
    if hasattr(module, "figures"):
        yield from module.figures(result)
    else:
        yield from (block for blocks in further(result) for block in blocks if isinstance(block, Figure))


def _module(result: object) -> Any:
    for kind in type(result).__mro__:
        if kind.__name__ in KINDS:
            return import_module(f"bertmagic.display.{KINDS[kind.__name__]}")
    raise TypeError(f"{type(result).__name__} is not a result of bertmagic; expected one of {', '.join(KINDS)}.")
