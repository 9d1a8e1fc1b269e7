"""Intervals from bootstrap draws: how far a number would move with other rows of the same kind.

Rows are resampled with replacement, as many as there are (Efron & Tibshirani 1993, chapter 13). For metrics that depend
on sums over rows it is enough to draw how often each kind of row occurs, which follows a multinomial distribution. For
accuracy or F1, a kind is a pair of a true and a predicted class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from bertmagic.evaluation import limits
from bertmagic.evaluation.report import FEW, Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_array

    Draws = npt.NDArray[np.float64]
    """One number per draw, shape ``(draws,)``; or the sums of each draw, shape ``(draws, sums)``."""

RESAMPLES = 10_000
"""The number of draws, if they are cheap."""
FEWEST = 1_000
"""The number of draws, if they are expensive."""
_LARGE = 300_000
"""If a draw reads more numbers than this, the draws are of a sample of the rows."""
_LEAST = 2_000
"""The fewest rows of such a sample."""
_WORK = 4_000_000
"""The most counts that are drawn in all; above it there are fewer draws."""
_AT_ONCE = 200_000
"""How many counts are held at a time: they fit into the cache of a processor."""


@dataclass(frozen=True)
class Tally:
    """Metrics that depend on how often each kind of row occurs.

    Attributes
    ----------
    kinds
        The number of the kind of each row, from 0. Shape ``(rows,)``.
    values
        What a row of each kind adds to each sum, of shape ``(kinds, sums)``, sparse if most of it is 0. None if each
        row is a kind of its own; then ``metrics`` takes how often each row was drawn, ``(draws, rows)``.
    metrics
        From sums, ``(draws, sums)``, to named metrics, ``(draws,)`` each; NaN for a metric that is not defined.
    cost
        How many numbers a draw reads for each kind.
    share
        The share of all rows in this sample: the interval of all rows is narrower by its square root (the m out of n
        bootstrap, Bickel, Götze & van Zwet 1997).
    again
        From positions of rows to their tally; for tallies without ``values``.
    shares
        The metrics that are the share of right rows, whose interval needs no draws.
    units
        From what ``metrics`` takes, for all rows, to how many rows decide a metric; all rows where it has no entry.
    """

    kinds: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64] | csr_array | None
    metrics: Callable[[Draws], Mapping[str, Draws]]
    cost: int = 1
    share: float = 1.0
    again: Callable[[npt.NDArray[Any]], Tally] | None = None
    shares: frozenset[str] = frozenset()
    units: Callable[[Draws], Mapping[str, Draws]] | None = None

    @classmethod
    def of_rows(
        cls, values: npt.NDArray[Any] | csr_array, metrics: Callable[[Draws], Mapping[str, Draws]], **more: Any
    ) -> Self:  # fmt: skip
        """Return a tally in which each row is a kind of its own; ``values`` has shape ``(rows, sums)``."""
        import numpy as np

        rows, sums = values.shape
        return cls(np.arange(rows), values.astype(np.float64, copy=False), metrics, cost=sums, **more)

    def __len__(self) -> int:
        return len(self.kinds)

    def take(self, rows: npt.NDArray[Any]) -> Tally:
        """Return the tally of some of the rows, by position or by a mask."""
        return replace(self, kinds=self.kinds[rows]) if self.again is None else self.again(rows)

    def point_estimates(self) -> dict[str, float]:
        """Return the metrics of all rows, without those that are not defined."""
        import numpy as np

        named = self.metrics(self.all_rows())
        return {name: float(value[0]) for name, value in named.items() if np.isfinite(value[0])}

    def deciding_rows(self) -> dict[str, float]:
        """Return how many rows decide each metric, without those that all rows decide."""
        named = {} if self.units is None else self.units(self.all_rows())
        return {name: float(value[0]) for name, value in named.items()}

    def all_rows(self) -> Draws:
        """Return what ``metrics`` takes for all rows, as a single draw."""
        import numpy as np

        if self.values is None:
            return np.ones((1, len(self)), np.int32)
        counts = np.bincount(self.kinds, minlength=self.values.shape[0]).astype(np.float64)
        return np.asarray(counts @ self.values)[None]


def intervals(
    tally: Tally, around: Mapping[str, float] | None = None, seed: int = 0, most: int | None = None
) -> dict[str, Interval]:
    """Return the 95 % interval of each metric of a tally that has enough rows for one; see `limits`.

    If a draw would read too many numbers, the draws are of a sample of the rows.

    Parameters
    ----------
    around
        The metrics of all rows, where they are known.
    most
        How many draws at most (upper limit: `RESAMPLES`, also the default).
    """
    rows, units = len(tally), tally.deciding_rows()
    values = {**tally.point_estimates(), **(around or {})}
    found = {name: limits.of_share(values[name] * rows, rows) for name in tally.shares & values.keys()}
    if rows >= FEW:
        for name, drawn in draws([tally], lambda of_each: of_each[0], around, seed, most).items():
            if name in values and name not in found:
                found[name] = limits.of_metric(name, values[name], drawn, rows, units.get(name, rows))
    return {name: interval for name, interval in found.items() if interval}


def differences(
    first: Tally, second: Tally, around: Mapping[str, float] | None = None, seed: int = 0, most: int | None = None
) -> dict[str, Interval]:
    """Return the 95 % interval of ``second - first`` of each metric, for two models on the same rows.

    Each draw takes the same rows for both (the paired bootstrap, Koehn 2004). An interval reaches at least as far as
    rows can differ that are too rare to be among these.

    Parameters
    ----------
    around, most
        As in `intervals`; ``around`` has the differences.

    Raises
    ------
    ValueError
        If the two are not of as many rows.
    """
    if len(first) != len(second):
        raise ValueError(f"paired samples need the same number of rows, not {len(first)} and {len(second)}.")

    def change(drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {name: drawn[1][name] - values for name, values in drawn[0].items() if name in drawn[1]}

    if len(first) < 2:
        return {}
    drawn = draws([first, second], change, around, seed, most)
    values: Mapping[str, float] = around or change([tally.point_estimates() for tally in (first, second)])
    return {
        name: limits.with_unseen(name, values[name], interval, len(first))
        for name, change_of in drawn.items() if name in values and (interval := percentiles(change_of))
    }  # fmt: skip


def draws(
    tallies: Sequence[Tally], combined: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]],
    around: Mapping[str, float] | None = None, seed: int = 0, most: int | None = None,
) -> dict[str, Draws]:  # fmt: skip
    """Return the draws of functions of the metrics of tallies of the same rows."""
    import numpy as np

    drawn = _sampled(tallies)
    share = drawn[0].share
    kinds, counts = _joint(drawn)

    def named(counts: npt.NDArray[Any]) -> Mapping[str, Draws]:
        return combined([t.metrics(_sums(t, kind, counts)) for t, kind in zip(drawn, kinds, strict=True)])

    drawn_values: dict[str, list[Draws]] = {}
    most = min(most or RESAMPLES, RESAMPLES)
    times = int(np.clip(_WORK // (len(counts) * max(t.cost for t in drawn)), min(most, FEWEST), most))
    for part in draw(counts, times, np.random.default_rng(seed)):
        for name, values in named(part).items():
            drawn_values.setdefault(name, []).append(values)
    if share < 1:
        around = around or combined([tally.point_estimates() for tally in tallies])
        centre = named(counts[None])
    joined = {name: np.concatenate(parts) for name, parts in drawn_values.items()}
    if share < 1 and around:
        for name in joined.keys() & around.keys():
            joined[name] = around[name] + share**0.5 * (joined[name] - centre[name][0])
    return joined


def _sampled(tallies: Sequence[Tally]) -> list[Tally]:
    """Return tallies; if a draw would read too many numbers, those of the same sample of their rows."""
    import numpy as np

    rows, cost = len(tallies[0]), max(tally.cost for tally in tallies)
    numbers = max(
        tally.cost * (rows if tally.values is None else min(rows, tally.values.shape[0])) for tally in tallies
    )
    most = max(_LEAST, _LARGE // cost)
    if numbers <= _LARGE or rows <= most:
        return list(tallies)
    chosen = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    return [replace(tally.take(chosen), share=most / rows) for tally in tallies]


def _joint(tallies: Sequence[Tally]) -> tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
    """Return the kind of each tally for each joint kind, ``(joint kinds,)``, and the number of rows of joint kinds."""
    import numpy as np

    number = tallies[0].kinds
    for tally in tallies[1:]:
        _, number = np.unique(number * (tally.kinds.max() + 1) + tally.kinds, return_inverse=True)
    _, first, counts = np.unique(number, return_index=True, return_counts=True)
    return [tally.kinds[first] for tally in tallies], counts


def _sums(tally: Tally, kinds: npt.NDArray[np.int64], counts: npt.NDArray[Any]) -> Draws:
    """Return the sums of a tally from how often each joint kind was drawn, ``(draws, joint kinds)``."""
    import numpy as np

    if tally.values is not None:
        return np.asarray(counts.astype(np.float64) @ tally.values[kinds])
    rows = np.argsort(kinds)
    return counts if (rows[1:] > rows[:-1]).all() else counts[:, rows]


def draw(counts: npt.NDArray[np.int64], draws: int, generator: np.random.Generator) -> Iterator[npt.NDArray[np.int32]]:
    """Yield how often each kind is drawn, some draws at a time: ``(draws, kinds)``.

    The cost of drawing counts grows with the kinds. Drawing and counting rows grows with the rows, and costs a tenth
    of that for each.
    """
    import numpy as np

    rows, kinds = int(counts.sum()), len(counts)
    kind_of_row = None if rows == kinds else np.repeat(np.arange(kinds, dtype=np.int32), counts)
    at_once, together = max(1, _AT_ONCE // kinds), max(1, _AT_ONCE // rows)
    for begin in range(0, draws, at_once):
        many = min(at_once, draws - begin)
        if rows >= 10 * kinds:
            yield generator.multinomial(rows, counts / rows, size=many).astype(np.int32)
            continue
        drawn = np.empty((many, kinds), np.int32)
        for first in range(0, many, together):
            part = drawn[first : first + together]
            chosen = generator.integers(0, rows, (len(part), rows), np.int32)
            places = (chosen if kind_of_row is None else kind_of_row[chosen]) + kinds * np.arange(len(part))[:, None]
            part[:] = np.bincount(places.ravel(), minlength=part.size).reshape(part.shape)
        yield drawn


def percentiles(values: Draws) -> Interval | None:
    """Return the 2.5th and 97.5th percentiles of the draws in which a metric is defined; None if these are too few."""
    import numpy as np

    values = values[np.isfinite(values)]
    return Interval(*map(float, np.percentile(values, (2.5, 97.5)))) if len(values) >= 100 else None
