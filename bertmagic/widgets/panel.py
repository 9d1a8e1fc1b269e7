"""Opens the panel: a first sign is shown before anything large is imported."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Unpack

from bertmagic import options
from bertmagic.data import variables
from bertmagic.display import publish
from bertmagic.errors import DataError, OptionError
from bertmagic.events import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.options.files import FileOptions
    from bertmagic.widgets.panel_widget import Panel


@variables.names_by_caller
def panel(
    data: Any = None, *, text: options.Columns = None, label: options.Columns = None, task: str | None = None,
    model: Any = "minilm", name: str = "tuned", sources: Mapping[str, str] | None = None,
    names: Mapping[str, Any] | None = None, guard: Callable[[str], None] | None = None,
    started: Callable[[Any], None] | None = None, place: publish.Handle | None = None,
    **reading: Unpack[FileOptions],
) -> Panel:  # fmt: skip
    """Open a panel for a fine-tuning run.

    Parameters
    ----------
    data, text, label, task, model, name
        As in `finetune`, with ``data`` as its ``train``; by default the first table of ``names``, or a sample.
    sources
        Python expressions of options whose value is not a literal, for the cell.
    names
        The user's variables, which the panel offers as data.
    guard, started
        Called with the name of a run before it starts, and with its job afterwards.
    place
        The output that shows the panel's static state, and its progress until it is open.
    reading
        How a file is to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.

    Raises
    ------
    BertMagicError
        If the data or the model cannot be used.
    """
    given = {"text": text, "label": label, "task": task, "model": model, "name": name, **reading}

    if place is None and publish.is_notebook():
        place = publish.Handle()
    is_first = "torch" not in sys.modules
    with publish.working(place=place, at_once=is_first) as emit:
        if is_first:
            emit(Phase("starting PyTorch"))
        from bertmagic.widgets.panel_data import default_data
        from bertmagic.widgets.panel_widget import Panel

        def opened(code: str | None, rows: Any) -> Panel:
            chosen = options.read(options.commands.Panel, {"data": rows, **given})
            return Panel(chosen, code, names or {}, guard or (lambda name: None), started or (lambda job: None), place)

        if data is not None:
            return opened((sources or {}).get("train") or variables.known(data) or None, data)
        *mine, sample = default_data(names or {})
        for code, rows in mine:
            with suppress(DataError, OptionError):  # a table that cannot be trained on is no reason to open nothing
                return opened(code, rows)
        return opened(*sample)
