"""The metrics of a report with their intervals, from the tallies of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertmagic.evaluation.bootstrap import FEWEST, Tally, intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bertmagic.evaluation.report import Interval


@dataclass(frozen=True)
class Estimates:
    """Metrics, their 95 % intervals, why others are not defined, and the tallies they were computed from."""

    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval]
    tallies: tuple[Tally, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)


def estimate(tallies: Sequence[Tally], exact: Mapping[str, float] | None = None) -> Estimates:
    """Return the metrics of tallies with their intervals.

    Parameters
    ----------
    exact
        Metrics that come first, and others that have no tally.
    """
    exact = dict(exact or {})
    metrics = exact | {
        name: value for tally in tallies for name, value in tally.point_estimates().items() if name not in exact
    }
    spread: dict[str, Interval] = {}
    for tally in tallies:
        spread |= intervals(tally, metrics, most=FEWEST if tally.values is None else None)
    return Estimates(metrics, {name: spread[name] for name in metrics if name in spread}, tuple(tallies))
