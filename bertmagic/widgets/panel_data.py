"""The data of the panel: lists of data sets and columns, and the data report."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as ipw
from markupsafe import Markup

from bertmagic import display as drawing
from bertmagic.data import columns as naming
from bertmagic.data import samples, tables, variables
from bertmagic.data.object_types import is_instance, is_table
from bertmagic.display.writers.elements import paragraph, tag, warned
from bertmagic.errors import BertMagicError, count
from bertmagic.events import Listener, ignore
from bertmagic.options import files
from bertmagic.options.cells import literal
from bertmagic.options.commands import Check
from bertmagic.tuning import estimates
from bertmagic.widgets.panel_form import TABLE, tooltip
from bertmagic.workflows import check, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.data.report import DataReport
    from bertmagic.options import Finetune
    from bertmagic.tuning.estimates import Subject

_ANSWERS = ("question", "context", "answers")
_TEXTS = ("text", "second text", "label")
_MANY_ROWS = 10_000_000
_NONE = ("(none)", "")
"""The choice of no column. Its value is not None, which a list shows as nothing."""
_STYLE = {"description_width": "130px"}
_LAYOUT = {"flex": "1 1 320px", "min_width": "0", "max_width": "520px"}


def default_data(names: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return code and rows of what the panel opens with, in the order to try: the user's tables, then a sample.

    A table of very many rows is only offered in the list: to read it takes minutes.
    """
    mine = [(name, value) for name, value in tables_in(names) if not _is_large(value)]
    return [*mine, ('"sample:reviews"', "sample:reviews")]


def tables_in(names: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the user's variables that hold a table, without running code of any of them."""
    named = [(name, value) for name, value in list(names.items()) if is_instance(name, str)]
    return [(name, value) for name, value in named if not name.startswith("_") and is_table(value)]


def _is_large(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and is_instance(value, pandas.DataFrame) and len(value) > _MANY_ROWS


class DataForm:
    """Lists of data sets and columns, with the report of the chosen data.

    Attributes
    ----------
    base
        The options of a run on the chosen data. The run infers columns that were not chosen.
    about, report
        The subject of estimates and the data report, for the last valid choice.
    error
        Why the choice is invalid; empty if it is valid.
    widget
        The ipywidget of the lists and the report.
    """

    about: Subject
    report: DataReport

    def __init__(
        self, base: Finetune, code: str | None, names: Mapping[str, Any], emit: Listener, changed: Callable[[], None]
    ) -> None:
        self.base, self._first, self._names, self._changed = base, base, names, changed
        self._code = code or literal("train", base.train)
        self.error = ""
        self._read(emit, self._code)
        choices = [self._code, *(name for name, _ in tables_in(names))]
        choices += [f'"sample:{name}"' for name in samples.names()]
        self._data = _dropdown("data", TABLE["train"].help, list(dict.fromkeys(choices)), self._code)
        self._columns: dict[str, Any] = {}
        self._report_html = ipw.HTML()
        self._row = ipw.Box(layout={"flex_flow": "row wrap", "display": "flex"})
        self.widget = ipw.VBox([self._row, self._report_html])
        self._list_columns()
        self._show_report()
        self._data.observe(self._data_chosen, "value")

    @property
    def code(self) -> str:
        """The Python expression of the chosen rows."""
        return str(self._data.value)

    @property
    def is_deleted(self) -> bool:
        """Whether the variable of the rows was deleted; the panel keeps the rows."""
        return bool(self._names) and self.code.isidentifier() and self.code not in self._names

    def choose(self, **columns: Any) -> None:
        """Choose columns by their role, as in the lists; ``second_text`` is the second text of a pair."""
        for role, column in columns.items():
            self._columns[role.replace("_", " ")].value = column

    def _read(self, emit: Listener, code: str) -> None:
        """Read the rows and check them; ``code`` is what the user calls them.

        Raises
        ------
        BertMagicError
            If the rows cannot be used.
        """
        given = {f: getattr(self.base, f) for f in ("text", "label", "question", "context", "answers", "task", "model")}
        with variables.called([(self.base.train, code)]):
            about = estimates.subject(self.base, emit)
            chosen = Check(data=self.base.train, **given, **files.as_keywords(self.base))
            self.report = check.report(chosen, emit, compare=False)
        self.about = about

    def _data_chosen(self, _: Any) -> None:
        if self.code == self._code:
            self.base = self._first
        else:
            train = self._names.get(self.code, self.code.strip('"'))
            empty: dict[str, Any] = dict.fromkeys(("text", "label", "question", "context", "answers", "task"))
            self.base = replace(self._first, train=train, **empty)
        self._update()
        self._list_columns()

    def _column_chosen(self, _: Any) -> None:
        chosen: dict[str, Any] = {role: control.value or None for role, control in self._columns.items()}
        if "second text" in chosen:
            second = chosen.pop("second text")
            chosen["text"] = (chosen["text"], second) if second else chosen["text"]
        self.base = replace(self.base, **chosen)
        self._update()

    def _update(self) -> None:
        self._report_html.value = str(paragraph("Checking the data …"))
        try:
            self.error = ""
            self._read(ignore, self.code)
        except BertMagicError as error:
            self.error = str(error)
        self._show_report()
        self._changed()

    def _show_report(self) -> None:
        """Show the report, folded: unlike ipywidgets' accordion, this HTML element opens by keyboard."""
        if self.error:
            self._report_html.value = str(paragraph(warned(self.error)))
            return
        report = Markup(drawing.bundle(self.report)["text/html"])
        self._report_html.value = str(tag("details", tag("summary", _headline(self.report)), report))

    def _list_columns(self) -> None:
        """Make a list for each role, with the columns of the run selected."""
        used = {} if self.error else dict(self.about.prepared.columns)
        roles = _ANSWERS if "answers" in used else _TEXTS
        texts = naming.several(used.get("text") or ())
        first = {**used, "text": (*texts, None)[0], "second text": (*texts, None, None)[1]}
        columns = self._all_columns()
        self._columns = {role: _column(role, columns, first.get(role)) for role in roles}
        for control in self._columns.values():
            control.observe(self._column_chosen, "value")
        self._row.children = [self._data, *self._columns.values()]

    def _all_columns(self) -> list[str]:
        if not self.error:
            return list(self.report.columns)
        try:
            return tables.read(prepare.given(self.base, self.base.train), "train").columns
        except BertMagicError:
            return []


def _column(role: str, columns: list[str], selected: Any) -> Any:
    entry = TABLE["text" if role == "second text" else role]
    several = [(", ".join(selected), tuple(selected))] if isinstance(selected, list | tuple) else []
    none = [_NONE] if selected is None or role == "second text" else []
    options = [*none, *several, *((name, name) for name in columns)]
    value = tuple(selected) if several else selected or ""
    return _dropdown(role, tooltip(entry), options, value)


def _dropdown(name: str, words: str, options: list[Any], value: Any) -> Any:
    return ipw.Dropdown(description=name, tooltip=words, options=options, value=value, style=_STYLE, layout=_LAYOUT)


def _headline(report: DataReport) -> str:
    severities = [finding.severity for finding in report.findings]
    problems = [count(severities.count(kind), kind) for kind in ("error", "warning") if kind in severities]
    parts = [count(report.rows, "row"), report.task.replace("_", " "), *(problems or ["no problem was found"])]
    return f"The data: {', '.join(parts)}"
