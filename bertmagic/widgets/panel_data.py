"""The data of the panel: which data sets and columns can be chosen, and the report of those that are."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic import display as drawing
from bertmagic.data import columns as naming
from bertmagic.data import samples, tables, variables
from bertmagic.data.object_types import is_instance, is_table
from bertmagic.display.style import line
from bertmagic.display.writers.elements import warned
from bertmagic.errors import BertMagicError, count
from bertmagic.events import Listener, ignore
from bertmagic.options import files
from bertmagic.options.cells import literal
from bertmagic.options.commands import Check
from bertmagic.tuning import estimates
from bertmagic.widgets.panel_form import TABLE
from bertmagic.workflows import check, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.data.report import DataReport
    from bertmagic.options import Finetune
    from bertmagic.tuning.estimates import Subject

_ANSWERS = ("question", "context", "answers")
_TEXTS = ("text", "second text", "label")
_MANY_ROWS = 10_000_000


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


class DataChoice:
    """The chosen rows and columns, with what else can be chosen.

    Attributes
    ----------
    base
        The options of a run on the chosen data. The run infers columns that were not chosen.
    about, report
        The subject of estimates and the data report, for the last valid choice.
    code
        The Python expression of the chosen rows.
    columns
        The chosen column of each role: a name, several names, or None.
    error
        Why the choice is invalid; empty if it is valid.
    """

    about: Subject
    report: DataReport

    def __init__(self, base: Finetune, code: str | None, names: Mapping[str, Any], emit: Listener) -> None:
        self.base, self._first, self._names = base, base, names
        self._code = self.code = code or literal("train", base.train)
        self.error = ""
        self._read(emit)
        self.columns: dict[str, Any] = {}
        self._all: list[str] = []
        self._list_columns()

    @property
    def is_deleted(self) -> bool:
        """Whether the variable of the rows was deleted; the panel keeps the rows."""
        return bool(self._names) and self.code.isidentifier() and self.code not in self._names

    @property
    def choices(self) -> list[str]:
        """The expressions of all rows that can be chosen: the user's tables, and the samples."""
        mine = [name for name, _ in tables_in(self._names)]
        return list(dict.fromkeys([self._code, self.code, *mine, *(f'"sample:{name}"' for name in samples.names())]))

    def spec(self) -> dict[str, Any]:
        """Return what the browser shows, in JSON's types: the lists, what is chosen, and the report as HTML."""
        roles = [_role(role, self._all, chosen) for role, chosen in self.columns.items()]
        report = "" if self.error else drawing.bundle(self.report)["text/html"]
        return {
            "code": self.code, "choices": self.choices, "help": TABLE["train"].help, "roles": roles,
            "headline": "" if self.error else _headline(self.report), "report": report,
            "error": str(warned(self.error)) if self.error else "",
        }  # fmt: skip

    def take(self, code: str) -> None:
        """Choose other rows; an expression that is not among the choices is passed over."""
        if code not in self.choices:
            return
        self.code = code
        if code == self._code:
            self.base = self._first
        else:
            train = self._names.get(code, code.strip('"'))
            empty: dict[str, Any] = dict.fromkeys(("text", "label", "question", "context", "answers", "task"))
            self.base = replace(self._first, train=train, **empty)
        self._update()
        self._list_columns()

    def choose(self, **columns: Any) -> None:
        """Choose columns by their role, as in the lists; ``second_text`` is the second text of a pair."""
        for role, column in columns.items():
            self.columns[role.replace("_", " ")] = column or None
        chosen = dict(self.columns)
        if "second text" in chosen:
            second = chosen.pop("second text")
            chosen["text"] = (chosen["text"], second) if second else chosen["text"]
        self.base = replace(self.base, **chosen)
        self._update()

    def take_column(self, role: str, name: str) -> None:
        """Choose the column of a role by the name that the browser has of it; one that is not there is passed over."""
        if role not in self.columns:
            return
        known = {_name(column): column for column in (*self._all, self.columns[role], None)}
        if name in known:
            self.choose(**{role: known[name]})

    def _update(self) -> None:
        try:
            self.error = ""
            self._read(ignore)
        except BertMagicError as error:
            self.error = str(error)

    def _read(self, emit: Listener) -> None:
        """Read the rows and check them.

        Raises
        ------
        BertMagicError
            If the rows cannot be used.
        """
        given = {f: getattr(self.base, f) for f in ("text", "label", "question", "context", "answers", "task", "model")}
        with variables.called([(self.base.train, self.code)]):
            about = estimates.subject(self.base, emit)
            chosen = Check(data=self.base.train, **given, **files.as_keywords(self.base))
            self.report = check.report(chosen, emit, compare=False)
        self.about = about

    def _list_columns(self) -> None:
        """Take the columns of the run as those that are chosen."""
        used = {} if self.error else dict(self.about.prepared.columns)
        roles = _ANSWERS if "answers" in used else _TEXTS
        texts = naming.several(used.get("text") or ())
        first = {**used, "text": (*texts, None)[0], "second text": (*texts, None, None)[1]}
        self._all = self._all_columns()
        self.columns = {role: first.get(role) for role in roles}

    def _all_columns(self) -> list[str]:
        if not self.error:
            return list(self.report.columns)
        try:
            return tables.read(prepare.given(self.base, self.base.train), "train").columns
        except BertMagicError:
            return []


def _role(role: str, columns: list[str], chosen: Any) -> dict[str, Any]:
    """Return the list of the columns for a role: its choices, each as value and words, and the chosen value."""
    entry = TABLE["text" if role == "second text" else role]
    none = [""] if chosen is None or role == "second text" else []
    several = [_name(chosen)] if isinstance(chosen, list | tuple) else []
    choices = [[name, line(name, 60) or "(none)"] for name in dict.fromkeys([*none, *several, *map(_name, columns)])]
    return {"role": role, "help": entry.help, "choices": choices, "value": _name(chosen)}


def _name(column: Any) -> str:
    """Return the name that the browser has of a column, or of several."""
    return ", ".join(map(str, column)) if isinstance(column, list | tuple) else "" if column is None else str(column)


def _headline(report: DataReport) -> str:
    severities = [finding.severity for finding in report.findings]
    problems = [count(severities.count(kind), kind) for kind in ("error", "warning") if kind in severities]
    parts = [count(report.rows, "row"), report.task.replace("_", " "), *(problems or ["no problem was found"])]
    return f"The data: {', '.join(parts)}"
