"""Exports of Label Studio: JSON, with the annotations of each task, and JSON-MIN, with a row for each annotation."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, Votes, by_input, make_classes, one_or_several, scalars
from bertmagic.errors import DataError, listing
from bertmagic.text_safety import quoted

_SPANS = frozenset(["labels", "hypertextlabels"])
_VALUES = {"choices": "choices", "taxonomy": "taxonomy", "rating": "rating", "number": "number", "textarea": "text",
           "pairwise": "selected"}  # fmt: skip
"""The types of results that say something of a whole text, and the key of their value."""
_OF_MIN = frozenset(["annotation_id", "lead_time"])
_NOT_COLUMNS = _OF_MIN | {"annotator", "created_at", "updated_at", "completed_by", "annotation_id"}


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows of tasks that have an annotation, each control of the interface as a column.

    A control that is the only one is called ``label``. Cancelled annotations are none; of several, the majority counts.
    """
    if rows and all(isinstance(row, dict) for row in rows):
        if all(isinstance(row.get("data"), dict) and _annotations(row) is not None for row in rows):
            return _of_tasks(rows, name)
        if all(row.keys() >= _OF_MIN for row in rows):
            return _of_annotations(rows, name)
    return None


def _annotations(task: Row) -> list[Row] | None:
    """Return the annotations of a task, which old versions call completions; None if it has no such key."""
    given = task.get("annotations", task.get("completions"))
    return given if isinstance(given, list) and all(isinstance(one, dict) for one in given) else None


def _of_tasks(tasks: list[Row], name: str) -> Export:
    answers = [_results(task) for task in tasks]
    controls = _controls(answers, name)
    span_controls = {control for control, kind in controls.items() if kind in _SPANS}
    votes, kept, left_out = Votes(), [], Counter[str]()
    for task, results in zip(tasks, answers, strict=True):
        given = [_answer(result, controls, name) for result in results]
        given = [answer for answer in given if any(value is not None for value in answer.values())]
        if not given:
            left_out["without an annotation"] += 1
            continue
        answer, agreed = votes.decide(given)
        if agreed:
            kept.append((scalars(task["data"]), answer))
    if not controls:
        return Export("an export of Label Studio without annotations", [scalars(task["data"]) for task in tasks])
    skipped = {kind for results in answers for result in results for kind in _unread(result)}
    remarks = votes.remarks + ((f"not read: {listing(sorted(skipped))}",) if skipped else ())
    rows = _named(kept, list(controls), span_controls)
    return Export("an export of Label Studio", rows, left_out | votes.left_out, remarks).check(name)


def _results(task: Row) -> list[list[Row]]:
    """Return the results of each annotation that counts: those marked as ground truth if there are any."""
    valid = [one for one in _annotations(task) or () if not (one.get("was_cancelled") or one.get("skipped"))]
    counting = [one for one in valid if one.get("ground_truth")] or valid
    return [[result for result in one.get("result") or () if isinstance(result, dict)] for one in counting]


def _is_read(result: Row) -> bool:
    value = result.get("value")
    return result.get("type") in _SPANS | _VALUES.keys() and isinstance(value, dict) and not _is_of_region(result)


def _is_of_region(result: Row) -> bool:
    """Whether a choice or a number is one about a span, and not about the text."""
    return result.get("type") not in _SPANS and "start" in result["value"]


def _unread(results: list[Row]) -> set[str]:
    return {str(result.get("type")) for result in results if not _is_read(result)}


def _controls(answers: list[list[list[Row]]], name: str) -> dict[str, str]:
    """Return the type of each control whose results are read, by its name."""
    results = [result for given in answers for results in given for result in results]
    controls = {str(result.get("from_name")): result["type"] for result in results if _is_read(result)}
    if results and not controls:
        kinds = listing(sorted({str(result.get("type")) for result in results}))
        raise DataError(
            f"{name} is an export of Label Studio with annotations of other kinds: {kinds}.",
            f"Read are {listing(sorted(_SPANS | _VALUES.keys()))}, of texts.",
        )
    return controls


def _answer(results: list[Row], controls: dict[str, str], name: str) -> Row:
    """Return the value of each control: spans, which may be none, or a value, None where nothing was said."""
    answer: Row = {control: [] if kind in _SPANS else None for control, kind in controls.items()}
    for result in filter(_is_read, results):
        control, kind, value = str(result.get("from_name")), result["type"], result["value"]
        if kind in _SPANS:
            answer[control].append(_span(value, kind, name))
        else:
            answer[control] = _value(value.get(_VALUES[kind]), kind)
    return answer


def _span(value: Row, kind: str, name: str) -> Row:
    place = value.get("globalOffsets") or value  # in HTML, the others count within an element
    start, end = place.get("start"), place.get("end")
    if not isinstance(start, int) or not isinstance(end, int):
        raise DataError(
            f"{name} has a span without the number of its first and last character: {quoted(value, 80)}.",
            "Spans within HTML or dialogues are not read: annotate plain text.",
        )
    return {"start": start, "end": end, "label": value.get(kind, value.get("labels")), "text": value.get("text")}


def _value(value: Any, kind: str) -> Any:
    if kind == "taxonomy" and isinstance(value, list):
        return [" / ".join(map(str, path)) if isinstance(path, list) else path for path in value]
    return value[0] if kind == "textarea" and isinstance(value, list) and len(value) == 1 else value


def _named(kept: list[tuple[Row, Row]], controls: list[str], span_controls: set[str]) -> list[Row]:
    """Return rows with a column for each control; a field of the task with the same name comes as ``data.NAME``."""
    columns = {control: "label" if len(controls) == 1 else control for control in controls}
    values = {control: [answer[control] for _, answer in kept] for control in controls}
    for control in controls:
        if control not in span_controls and any(isinstance(value, list) for value in values[control]):
            values[control] = one_or_several(values[control])
    taken = set(columns.values())
    return [
        {f"data.{key}" if key in taken else key: value for key, value in data.items()}
        | {columns[control]: values[control][at] for control in controls}
        for at, (data, _) in enumerate(kept)
    ]


def _of_annotations(rows: list[Row], name: str) -> Export:
    """Read JSON-MIN: a control is a key with spans, ``{"choices": […]}`` or a text; it is missing where empty."""
    spans = {key for row in rows for key, value in row.items() if _holds_spans(value)}
    choices = {key for row in rows for key, value in row.items() if isinstance(value, dict) and "choices" in value}
    votes, kept = Votes(), []
    for same in by_input(rows, "id"):
        answer, agreed = votes.decide([_of_min(row, spans, choices) for row in same])
        if agreed:
            kept.append(answer)
    for key in choices:
        make_classes(kept, key)
    return Export("an export of Label Studio (JSON-MIN)", kept, votes.left_out, votes.remarks).check(name)


def _holds_spans(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "start" in one for one in value)


def _of_min(row: Row, spans: set[str], choices: set[str]) -> Row:
    marked = {key: [_span(span, _kind(span), "JSON-MIN") for span in row.get(key) or ()] for key in spans}
    chosen = {key: _choices(row.get(key)) for key in choices}
    return scalars(row, _NOT_COLUMNS) | marked | chosen


def _kind(span: Row) -> str:
    return next((kind for kind in _SPANS if kind in span), "labels")


def _choices(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        return list(value["choices"])
    return None if value is None else [value]
