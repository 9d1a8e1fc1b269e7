"""The numbers of a report with their intervals, from the tallies of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertmagic.evaluation.bootstrap import FEWEST, Tally, intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bertmagic.evaluation.report import Interval


@dataclass(frozen=True)
class Numbers:
    """Metrics, their 95 % intervals, those that have no value with the reason why, and what they were found by."""

    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval]
    tallies: tuple[Tally, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)


def of(tallies: Sequence[Tally], exact: Mapping[str, float] | None = None) -> Numbers:
    """Return the numbers of tallies.

    Parameters
    ----------
    exact
        Metrics that are told first, and others that have no tally.
    """
    exact = dict(exact or {})
    found = exact | {name: of for tally in tallies for name, of in tally.found().items() if name not in exact}
    spread: dict[str, Interval] = {}
    for tally in tallies:
        spread |= intervals(tally, found, most=FEWEST if tally.values is None else None)
    return Numbers(found, {name: spread[name] for name in found if name in spread}, tuple(tallies))
