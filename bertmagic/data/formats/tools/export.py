"""Rows of an annotation tool's export, and what was left out of them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertmagic.errors import DataError, count

Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """What is read from an export.

    Attributes
    ----------
    tool
        What messages call it, as in ``an export of Prodigy``.
    rows
        The rows that can be learnt from: their text, what was annotated, and other columns.
    left_out
        How many rows were left out, by the reason.
    remarks
        What else a user should know.
    """

    tool: str
    rows: list[Row]
    left_out: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """How the rows were read, for the line under a result."""
        parts = [f"{self.tool} with {count(len(self.rows), 'row')}", *self.remarks]
        reasons = self._reasons()
        parts += [f"left out: {reasons}"] if reasons else []
        return "; ".join([*parts, 'format = "records" takes the objects as they are'])

    def check(self, name: str) -> Export:
        """Return it if there is a row.

        Raises
        ------
        DataError
            If none is left.
        """
        if not self.rows:
            raise DataError(
                f"{name} is {self.tool} in which no row can be learnt from: {self._reasons()}.",
                'Annotate some rows; format = "records" takes the objects as they are.',
            )
        return self

    def _reasons(self) -> str:
        return ", ".join(f"{number:,} {reason}" for reason, number in self.left_out.items() if number)


def one_or_several(labels: Sequence[list[Any] | None]) -> list[Any]:
    """Return the labels of rows as classes if each labelled row has exactly one, else as they are.

    Parameters
    ----------
    labels
        The labels of each row; None where nothing is known.
    """
    known = [row for row in labels if row is not None]
    if not known or any(len(row) != 1 for row in known):
        return list(labels)
    return [None if row is None else row[0] for row in labels]


def make_classes(rows: Sequence[Row], column: str) -> None:
    """Replace the labels of a column as `one_or_several` does."""
    for row, label in zip(rows, one_or_several([row[column] for row in rows]), strict=True):
        row[column] = label


def by_input(rows: Sequence[Row], key: str) -> list[list[Row]]:
    """Return the rows of each input, in the order of the inputs; a row without a key is an input of its own."""
    inputs: dict[str, list[Row]] = defaultdict(list)
    for at, row in enumerate(rows):
        inputs[str(row.get(key, f"row {at}"))].append(row)
    return list(inputs.values())


def scalars(item: Mapping[str, Any], without: Sequence[str] | frozenset[str] = ()) -> Row:
    """Return what can be a column of a table: texts, numbers and truth values, without private keys."""
    return {
        key: value
        for key, value in item.items()
        if key not in without and not key.startswith("_") and isinstance(value, str | int | float | None)
    }


def agreement(answers: Sequence[Any]) -> tuple[Any, bool]:
    """Return what more than half of the annotators say, and whether there is such an answer."""
    written = Counter(map(_written, answers))
    most, votes = written.most_common(1)[0]
    if 2 * votes <= len(answers):
        return None, False
    return next(answer for answer in answers if _written(answer) == most), True


def _written(answer: Any) -> str:
    """Return an answer as text in which the order of spans and labels makes no difference."""
    if isinstance(answer, dict):
        return json.dumps({key: _written(value) for key, value in answer.items()}, sort_keys=True)
    if isinstance(answer, list):
        return json.dumps(sorted(map(_written, answer)))
    return json.dumps(answer)


class Votes:
    """The answers of several annotators to the same inputs, and how many inputs they do not agree on."""

    def __init__(self) -> None:
        self.several, self.disagreed = 0, 0

    def decide(self, answers: Sequence[Any]) -> tuple[Any, bool]:
        """Return the answer to one input, and whether there is one; see `agreement`."""
        answer, agreed = agreement(answers)
        self.several += len(answers) > 1
        self.disagreed += not agreed
        return answer, agreed

    @property
    def left_out(self) -> dict[str, int]:
        """How many inputs have no answer."""
        return {"on which annotators do not agree": self.disagreed}

    @property
    def remarks(self) -> tuple[str, ...]:
        """How several answers became one."""
        if not self.several:
            return ()
        return (f"the majority counts where there are several annotations ({count(self.several, 'row')})",)
