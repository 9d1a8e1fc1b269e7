"""What the panel shows, as plain values: its static output is drawn of it, and stays when the kernel is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.tuning.results import Estimate


@dataclass(frozen=True, repr=False)
class PanelState(Result):
    """The panel at one moment: data, options, estimate, the cell they stand for, and the run in words."""

    data: str
    options: Mapping[str, Any]
    estimate: Estimate | None
    cell: str
    run: str
