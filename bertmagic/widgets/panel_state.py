"""What the panel shows, as plain values, for the static output that stays in the notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.tuning.results import Estimate


@dataclass(frozen=True, repr=False)
class PanelState(Result):
    """The state of the panel: data, options, estimate, the equivalent cell, and the run in words."""

    data: str
    options: Mapping[str, Any]
    estimate: Estimate | None
    cell: str
    run: str
