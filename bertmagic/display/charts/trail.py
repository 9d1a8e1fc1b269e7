"""A curve that stays short however many points it gets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Points = list[tuple[float, float]]
"""Points ``(x, y)``, from left to right."""


class Trail:
    """A curve that stays short however many points are added.

    Points fall into bins of ``stride`` points each. When there are more than ``most`` bins, neighbours are merged and
    the stride doubles: adding a point costs the same however long the run is. A bin keeps its lowest, its highest and
    its last point, so that no peak is lost.

    Attributes
    ----------
    low, high, last
        The points ``(x, y)`` of each bin; the last bin may still be filling.
    stride
        How many points a full bin stands for.
    """

    __slots__ = ("_filled", "high", "last", "low", "most", "stride")

    def __init__(self, most: int = 120) -> None:
        self.most = most
        self.stride = 1
        self._filled = 0
        self.low: Points = []
        self.high: Points = []
        self.last: Points = []

    def __len__(self) -> int:
        return len(self.last)

    def add(self, x: float, y: float) -> None:
        """Add a point to the right of the others; one that is not finite is left out."""
        if not math.isfinite(y):
            return
        point = (x, y)
        if not self.last or self._filled == self.stride:
            self._open(point)
        else:
            self._filled += 1
            self.last[-1] = point
            if y < self.low[-1][1]:
                self.low[-1] = point
            if y > self.high[-1][1]:
                self.high[-1] = point

    def _open(self, point: tuple[float, float]) -> None:
        if len(self.last) >= self.most:
            self._halve()
        self._filled = 1
        for points in (self.low, self.high, self.last):
            points.append(point)

    def _halve(self) -> None:
        self.low = [min(pair, key=_height) for pair in _pairs(self.low)]
        self.high = [max(pair, key=_height) for pair in _pairs(self.high)]
        self.last = [pair[-1] for pair in _pairs(self.last)]
        self.stride *= 2

    def coarse(self, most: int) -> Trail:
        """Return a copy with at most ``most`` bins."""
        copy = Trail(most)
        copy.stride, copy.low, copy.high, copy.last = self.stride, self.low, self.high, self.last
        while len(copy) > most:
            copy._halve()
        return copy

    def outline(self) -> Points:
        """Return the lowest and the highest point of each bin, from left to right."""
        points = []
        for low, high in zip(self.low, self.high, strict=True):
            points += [low] if low == high else sorted((low, high))
        return points


def _height(point: tuple[float, float]) -> float:
    return point[1]


def _pairs(points: Points) -> Iterator[Points]:
    return (points[at : at + 2] for at in range(0, len(points), 2))
