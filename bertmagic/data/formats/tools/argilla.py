"""Exports of Argilla: records with the responses of annotators, and those of version 1, which had one annotation."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, Votes, make_classes, scalars

_OLD = frozenset(["annotation", "prediction", "status"])
_STATUS = ("Default", "Validated", "Edited", "Discarded")
_NOT_COLUMNS = _OLD | {"text", "inputs", "tokens", "prediction_agent", "annotation_agent", "multi_label", "explanation",
                       "event_timestamp"}  # fmt: skip


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows that were annotated, each question as a column; what a model suggested is not used."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    if all(row.keys() >= _OLD and row["status"] in _STATUS for row in rows):
        return _of_version_1(rows, name)
    if all(isinstance(row.get("fields"), dict) and row.keys() & {"responses", "suggestions"} for row in rows):
        return _of_records(rows, name)
    if any(key.endswith(".responses") for key in rows[0]):
        return _of_records([_nested(row) for row in rows], name)
    return None


def _of_version_1(rows: list[Row], name: str) -> Export:
    left_out, kept = Counter[str](), []
    for row in rows:
        if row["status"] == "Discarded" or row["annotation"] is None:
            left_out["discarded" if row["status"] == "Discarded" else "without an annotation"] += 1
            continue
        inputs = row.get("inputs") if isinstance(row.get("inputs"), dict) else {}
        text = {"text": row["text"]} if isinstance(row.get("text"), str) else scalars(inputs or {})
        kept.append({**scalars(row, _NOT_COLUMNS), **text, "label": row["annotation"]})
    _make_classes(kept, ["label"])
    return Export("an export of Argilla", kept, left_out).check(name)


def _of_records(rows: list[Row], name: str) -> Export:
    given = [_responses(row) for row in rows]
    questions = list(dict.fromkeys(question for answers in given for question in answers))
    if not questions:
        return Export("an export of Argilla without responses", [scalars(row["fields"]) for row in rows])
    votes, left_out, kept = Votes(), Counter[str](), []
    for row, answers in zip(rows, given, strict=True):
        if not answers:
            left_out["without a response"] += 1
            continue
        decided = {question: votes.decide(answers[question]) for question in answers}
        if all(agreed for _, agreed in decided.values()):
            values = {question: decided.get(question, (None, True))[0] for question in questions}
            kept.append(_fields(row["fields"], questions) | values)
    _make_classes(kept, questions)
    return Export("an export of Argilla", kept, left_out | votes.left_out, votes.remarks).check(name)


def _fields(fields: Row, questions: list[str]) -> Row:
    return {f"field.{key}" if key in questions else key: value for key, value in scalars(fields).items()}


def _responses(row: Row) -> dict[str, list[Any]]:
    """Return the submitted values of each question that was answered."""
    answers: dict[str, list[Any]] = defaultdict(list)
    responses = row.get("responses") or {}
    if isinstance(responses, dict):
        each = [(question, one) for question, given in responses.items() for one in given or ()]
    else:
        each = [
            (question, {**value, "status": response.get("status")})
            for response in responses
            for question, value in (response.get("values") or {}).items()
        ]
    for question, response in each:
        if response.get("status") in (None, "submitted") and response.get("value") is not None:
            answers[question].append(response["value"])
    return dict(answers)


def _nested(row: Row) -> Row:
    """Return a record of the flat form, ``label.responses`` and ``label.responses.status``, as one with fields."""
    questions = [key.removesuffix(".responses") for key in row if key.endswith(".responses")]
    responses = {}
    for question in questions:
        values = row[f"{question}.responses"] or []
        states = row.get(f"{question}.responses.status") or [None] * len(values)
        responses[question] = [{"value": value, "status": state} for value, state in zip(values, states, strict=True)]
    fields = {key: value for key, value in row.items() if key != "status" and not _of_question(key, questions)}
    return {"fields": fields, "responses": responses}


def _of_question(key: str, questions: list[str]) -> bool:
    return any(key.startswith((f"{question}.responses", f"{question}.suggestion")) for question in questions)


def _is_texts(cell: Any) -> bool:
    return isinstance(cell, list) and all(isinstance(one, str) for one in cell)


def _make_classes(rows: list[Row], questions: list[str]) -> None:
    """Turn lists with one label each into classes."""
    for question in questions:
        if all(row[question] is None or _is_texts(row[question]) for row in rows):
            make_classes(rows, question)
