"""Questions nested as in the files of SQuAD (Rajpurkar et al. 2016 and 2018): article, paragraph, question, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_SHAPE = '{"data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id", "question", "answers"}]}]}]}'


def nested(content: Any) -> bool:
    """Whether the content of a JSON file is nested so: articles with paragraphs, or paragraphs, that have ``qas``."""
    return any(_has_questions(article) for article in _articles(content))


def frame(content: Any, name: str) -> pd.DataFrame:
    """Return a row for each question: ``id, title, context, question, answers``.

    ``answers`` is ``{"text": [...], "answer_start": [...]}``, both empty where ``is_impossible`` is true. What is
    missing is None; other keys of a question, such as those of an annotation tool, are left out.

    Raises
    ------
    DataError
        If a level is not a list of objects, with the place in the file called ``name``, or there is no question.
    """
    import pandas as pd

    rows = []
    for place, article in _each(_articles(content), "data", name):
        paragraphs = article.get("paragraphs", [article])
        for inner, paragraph in _each(paragraphs, f"{place}.paragraphs", name):
            for where, question in _each(paragraph.get("qas"), f"{inner}.qas", name):
                rows.append(_row(article, paragraph, question, where, name))
    if not rows:
        raise DataError(f"{name} has articles but no question.", f"The shape of SQuAD is {_SHAPE}.")
    return pd.DataFrame(rows)


def _articles(content: Any) -> list[Any]:
    return _list(content.get("data") if isinstance(content, dict) else content)


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
    given = [] if question.get("is_impossible") else question.get("answers") or []
    answers = [answer for _, answer in _each(given, f"{where}.answers", name)]
    return {
        "id": question.get("id"),
        "title": article.get("title"),
        "context": paragraph.get("context"),
        "question": question.get("question"),
        "answers": {
            "text": [answer.get("text", "") for answer in answers],
            "answer_start": [answer.get("answer_start", -1) for answer in answers],
        },
    }
