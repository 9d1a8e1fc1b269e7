"""Questions nested as in the files of SQuAD (Rajpurkar et al. 2016 and 2018): article, paragraph, question, answer.

CMRC, DRCD, KorQuAD, GermanQuAD and others have the same form; MRQA (Fisch et al. 2019) and CMRC 2018 have other keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.data import texts
from bertmagic.errors import DataError, count
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_SHAPE = '{"data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id", "question", "answers"}]}]}]}'
_CONTEXT = ("context", "context_text", "passage", "paragraph")
_ID = ("id", "qid", "query_id", "question_id")
_QUESTION = ("question", "query_text", "question_text", "query")
_ANSWERS = ("detected_answers", "answers", "answer")  # of MRQA's two the first has offsets
_START = ("answer_start", "start", "start_offset")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def nested(rows: list[Any]) -> bool:
    """Whether rows are articles with paragraphs, or paragraphs, that have ``qas``."""
    return any(map(_has_questions, rows))


def frame(rows: list[Any], name: str) -> tuple[pd.DataFrame, str]:
    """Return a row for each question, ``id, title, context, question, answers``, and a note.

    ``answers`` is ``{"text": [...], "answer_start": [...]}``, both empty where ``is_impossible`` is true. What is
    missing is None; other keys of a question, such as those of an annotation tool, are left out.

    Raises
    ------
    DataError
        If a level is not a list of objects, with the place in the file called ``name``, or there is no question.
    """
    headers = [row for row in rows if isinstance(row, dict) and set(row) == {"header"}]
    content = [row for row in rows if row not in headers] if headers else rows
    questions = []
    for place, article in _each(content, "data", name):
        paragraphs = article.get("paragraphs", [article])
        for inner, paragraph in _each(paragraphs, f"{place}.paragraphs", name):
            for where, question in _each(paragraph.get("qas"), f"{inner}.qas", name):
                questions.append(_row(article, paragraph, question, where, name))
    if not questions:
        raise DataError(f"{name} has articles but no question.", f"The shape of SQuAD is {_SHAPE}.")
    notes = ["the first line is a header and not a row"] if headers else []
    if several := _first_places(questions):
        notes.append(f"answers have no offsets: of {count(several, 'answer')} at several places, the first is taken")
    return texts.frame(questions), "; ".join(notes)


def _first_places(questions: list[dict[str, Any]]) -> int:
    """Let answers begin where they first stand in their context, if none in the file has an offset, as in CMRC 2018.

    Returns how many stand at several places.
    """
    if any(start >= 0 for question in questions for start in question["answers"]["answer_start"]):
        return 0
    several = 0
    for question in questions:
        context, answers = question["context"], question["answers"]
        for at, text in enumerate(answers["text"]):
            if isinstance(context, str) and text and context.count(text) > 1:
                answers["answer_start"][at] = context.find(text)
                several += 1
    return several


def check_flat(rows: list[Any], name: str) -> None:
    """Raise a `DataError` for questions, one in each row, whose context is not one text, as in HotpotQA."""
    for at, row in enumerate(rows):
        if not (isinstance(row, dict) and "question" in row):
            return
        key = next((key for key in _CONTEXT if key in row), None)
        if key is not None and isinstance(row[key], list | dict) and row[key]:
            raise DataError(
                f"{key!r} of item {at + 1:,} of {name} is not a text but {quoted(row[key], 60)}.",
                "An answer is looked for in one text: join the paragraphs that support it, or give a row for each.",
            )


def _has_questions(article: Any) -> bool:
    parts = [article, *_list(article.get("paragraphs"))] if isinstance(article, dict) else []
    return any(isinstance(part, dict) and "qas" in part for part in parts)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _each(items: Any, place: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a list, each with its place."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DataError(f"{place} of {name} is not a list of objects.", f"The shape of SQuAD is {_SHAPE}.")
    yield from ((f"{place}[{number}]", item) for number, item in enumerate(items))


def _row(
    article: dict[str, Any], paragraph: dict[str, Any], question: dict[str, Any], where: str, name: str
) -> dict[str, Any]:
    given = None if _is_impossible(question, where, name) else _value(question, _ANSWERS)
    given = [] if given is None else given if isinstance(given, list) else [given]
    answers = [answer for item in given for answer in _answers(item, f"{where}.answers of {name}")]
    return {
        "id": _value(question, _ID),
        "title": _value(article, ("title",)) or _value(paragraph, ("title",)),
        "context": _text(_value(paragraph, _CONTEXT)),
        "question": _value(question, _QUESTION),
        "answers": {"text": [text for text, _ in answers], "answer_start": [start for _, start in answers]},
    }


def _text(context: Any) -> Any:
    """Return a context; of an object with a text, as in ReCoRD, that text."""
    return context["text"] if isinstance(context, dict) and isinstance(context.get("text"), str) else context


def _value(item: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _is_impossible(question: dict[str, Any], where: str, name: str) -> bool:
    value = question.get("is_impossible")
    known = _TRUTH.get(str(value).strip().lower()) if value is not None else False
    if known is None:
        raise DataError(f"is_impossible of {where} of {name} is {quoted(value, 40)}.", "Write true or false.")
    return known


def _answers(answer: Any, place: str) -> Iterator[tuple[str, int]]:
    """Yield the text of an answer and where it begins in the context, or -1, for each of its places."""
    if isinstance(answer, str | int | float) and not isinstance(answer, bool):
        number = isinstance(answer, float) and answer.is_integer()  # a year that went through a table
        yield str(int(answer) if number else answer), -1
        return
    texts = answer.get("text", answer.get("answer_text", "")) if isinstance(answer, dict) else None
    if isinstance(answer, dict) and isinstance(texts, list):  # as the hub's data sets have them
        starts = _list(answer.get("answer_start")) or [-1] * len(texts)
        if len(starts) != len(texts):
            raise _no_answer(f"{count(len(texts), 'text')} and {count(len(starts), 'offset')}", place)
        yield from ((text, _number(start, place)) for text, start in zip(texts, starts, strict=True))
    elif isinstance(answer, dict) and isinstance(texts, str):
        spans = answer.get("char_spans") or [[_value(answer, _START), None]]
        if not isinstance(spans, list) or not all(isinstance(span, list) and len(span) == 2 for span in spans):
            raise _no_answer(f"the spans {quoted(spans, 40)}", place)
        yield from ((texts, _number(start, place)) for start, _ in spans)
    else:
        raise _no_answer(f"{quoted(answer, 60)}", place)


def _number(start: Any, place: str) -> int:
    """Return an offset, which some files have as text; -1 where it is missing."""
    if start is None:
        return -1
    try:
        return int(start)
    except (TypeError, ValueError):
        raise _no_answer(f"the offset {quoted(start, 40)}", place) from None


def _no_answer(what: str, place: str) -> DataError:
    return DataError(
        f"{place} holds {what}, which is not an answer.",
        f'An answer is {{"text": "…", "answer_start": 0}} or a text. The shape of SQuAD is {_SHAPE}.',
    )
