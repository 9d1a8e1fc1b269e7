"""The data of the panel: which rows, which of their columns, and what was found in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as ipw
from markupsafe import Markup

from bertmagic import display as drawing
from bertmagic.data import columns as naming
from bertmagic.data import frames, samples, tables
from bertmagic.display.writers.elements import paragraph, tag, warned
from bertmagic.errors import BertMagicError, count
from bertmagic.events import Listener, ignore
from bertmagic.options.cells import literal
from bertmagic.options.commands import Check
from bertmagic.tasks import source
from bertmagic.tuning import estimates
from bertmagic.widgets.panel_form import TABLE, tooltip
from bertmagic.workflows import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.data.report import DataReport
    from bertmagic.options import Finetune
    from bertmagic.tuning.estimates import Subject

_ANSWERS = ("question", "context", "answers")
_TEXTS = ("text", "second text", "label")
_NONE = ("(none)", "")
"""The choice of no column; a list shows nothing where its value is None."""
_STYLE = {"description_width": "130px"}
_LAYOUT = {"flex": "1 1 320px", "min_width": "0", "max_width": "520px"}


def chosen_first(names: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the rows that a panel begins with where none are named, and how they are written."""
    tables_ = [(name, value) for name, value in names.items() if _is_table(name, value)]
    return tables_[0] if tables_ else ('"sample:reviews"', "sample:reviews")


def _is_table(name: str, value: Any) -> bool:
    return not name.startswith("_") and frames.holds_rows(value)


class DataForm:
    """Lists of data sets and columns, with what was found in those that are chosen.

    Attributes
    ----------
    base
        The options of a run on what is chosen; columns that nobody chose are inferred again by the run.
    about, report
        What estimates are made of, and what was found; of the last choice that could be used.
    wrong
        Why the choice cannot be used; empty where it can.
    widget
        What is shown.
    """

    about: Subject
    report: DataReport

    def __init__(
        self, base: Finetune, code: str | None, names: Mapping[str, Any], emit: Listener, changed: Callable[[], None]
    ) -> None:
        self.base, self._given, self._names, self._changed = base, base, names, changed
        self._code = code or literal("train", base.train)
        self.wrong = ""
        self._look(emit)
        known = [self._code, *(name for name, value in names.items() if _is_table(name, value))]
        known += [f'"sample:{name}"' for name in samples.names()]
        self._data = _dropdown("data", TABLE["train"].help, list(dict.fromkeys(known)), self._code)
        self._columns: dict[str, Any] = {}
        self._found = ipw.HTML()
        self._row = ipw.Box(layout={"flex_flow": "row wrap", "display": "flex"})
        self.widget = ipw.VBox([self._row, self._found])
        self._list_columns()
        self._tell()
        self._data.observe(self._other_data, "value")

    @property
    def code(self) -> str:
        """How the chosen rows are written in a cell."""
        return str(self._data.value)

    @property
    def gone(self) -> bool:
        """Whether the rows were a variable that is no more; the panel has them still."""
        return bool(self._names) and self.code.isidentifier() and self.code not in self._names

    def choose(self, **columns: Any) -> None:
        """Choose columns as the lists would, by their role; ``second_text`` is that of pairs."""
        for role, column in columns.items():
            self._columns[role.replace("_", " ")].value = column

    def _look(self, emit: Listener) -> None:
        """Read the rows, and check them.

        Raises
        ------
        BertMagicError
            If they cannot be used.
        """
        about = estimates.subject(self.base, emit)
        given = {f: getattr(self.base, f) for f in ("text", "label", "question", "context", "answers", "task", "model")}
        self.report = check.report(Check(data=self.base.train, **given), emit)
        self.about = about

    def _other_data(self, _: Any) -> None:
        if self.code == self._code:
            self.base = self._given
        else:
            train = self._names.get(self.code, self.code.strip('"'))
            empty: dict[str, Any] = dict.fromkeys(("text", "label", "question", "context", "answers", "task"))
            self.base = replace(self._given, train=train, **empty)
        self._again()
        self._list_columns()

    def _other_column(self, _: Any) -> None:
        chosen: dict[str, Any] = {role: control.value or None for role, control in self._columns.items()}
        if "second text" in chosen:
            second = chosen.pop("second text")
            chosen["text"] = (chosen["text"], second) if second else chosen["text"]
        self.base = replace(self.base, **chosen)
        self._again()

    def _again(self) -> None:
        self._found.value = str(paragraph("Looking at the data …"))
        try:
            self.wrong = ""
            self._look(ignore)
        except BertMagicError as error:
            self.wrong = str(error)
        self._tell()
        self._changed()

    def _tell(self) -> None:
        """Show what was found, folded: an element of HTML opens by keyboard, and the accordion of widgets does not."""
        if self.wrong:
            self._found.value = str(paragraph(warned(self.wrong)))
            return
        found = Markup(drawing.bundle(self.report)["text/html"])
        self._found.value = str(tag("details", tag("summary", _headline(self.report)), found))

    def _list_columns(self) -> None:
        """Make a list for each role, with the columns that are taken chosen."""
        taken = {} if self.wrong else dict(self.about.prepared.columns)
        roles = _ANSWERS if "answers" in taken else _TEXTS
        texts = naming.several(taken.get("text") or ())
        first = {**taken, "text": (*texts, None)[0], "second text": (*texts, None, None)[1]}
        columns = self._all_columns()
        self._columns = {role: _column(role, columns, first.get(role)) for role in roles}
        for control in self._columns.values():
            control.observe(self._other_column, "value")
        self._row.children = [self._data, *self._columns.values()]

    def _all_columns(self) -> list[str]:
        if not self.wrong:
            return list(self.report.columns)
        try:
            return tables.read(source(self.base.task, self.base.train), "train").columns
        except BertMagicError:
            return []


def _column(role: str, columns: list[str], taken: Any) -> Any:
    entry = TABLE["text" if role == "second text" else role]
    several = [(", ".join(taken), tuple(taken))] if isinstance(taken, list | tuple) else []
    none = [_NONE] if taken is None or role == "second text" else []
    options = [*none, *several, *((name, name) for name in columns)]
    value = tuple(taken) if several else taken or ""
    return _dropdown(role, tooltip(entry), options, value)


def _dropdown(name: str, words: str, options: list[Any], value: Any) -> Any:
    return ipw.Dropdown(description=name, tooltip=words, options=options, value=value, style=_STYLE, layout=_LAYOUT)


def _headline(report: DataReport) -> str:
    found = [one.severity for one in report.findings]
    told = [count(found.count(kind), kind) for kind in ("error", "warning") if kind in found]
    parts = [count(report.rows, "row"), report.task.replace("_", " "), *(told or ["nothing wrong was found"])]
    return f"The data: {', '.join(parts)}"
