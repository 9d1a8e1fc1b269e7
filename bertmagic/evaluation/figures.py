"""The pictures of a report: points on two axes, that `curves` computes and `display` draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.result import Result

if TYPE_CHECKING:
    from bertmagic.evaluation.report import Report


@dataclass(frozen=True, slots=True)
class Series:
    """Points of a picture that belong together.

    ``look`` is how they are drawn, ``spread`` how far each may be off to both sides, and ``width`` that of bars; 0
    where the distance of their middles says it.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    look: Literal["line", "points", "bars", "reference"] = "line"
    spread: tuple[float, ...] = ()
    width: float = 0.0


@dataclass(frozen=True, repr=False)
class Figure(Result):
    """A picture of a report; see `Report.figure`.

    Attributes
    ----------
    x, y
        The names of the axes.
    unit
        Whether both go from 0 to 1.
    start
        Where ``x`` begins if not at 0.
    report
        That of a confusion matrix, which is drawn from its counts.
    """

    name: str
    x: str
    y: str
    series: tuple[Series, ...] = ()
    unit: bool = False
    start: float = 0.0
    report: Report | None = field(default=None, repr=False)

    @property
    def plotly(self) -> dict[str, Any]:
        """The figure as plotly reads it: ``data``, ``layout``, ``config``."""
        bundle: dict[str, Any] = self._repr_mimebundle_()["application/vnd.plotly.v1+json"]
        return bundle
