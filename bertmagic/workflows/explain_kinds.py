"""Which explanation was asked for: the words of a text, an edit, an anchor, training rows, or the overview of data."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from bertmagic.errors import DataError, OptionError, listing
from bertmagic.workflows import edit, explain_benchmark, overview, training_influence
from bertmagic.workflows import explain as words

if TYPE_CHECKING:
    from bertmagic.events import Listener
    from bertmagic.explain.anchors import AnchorWords
    from bertmagic.explain.explanation import Explanation
    from bertmagic.explain.influential_rows import InfluentialRows
    from bertmagic.explain.method_scores import MethodScores
    from bertmagic.explain.overview import Overview
    from bertmagic.explain.smallest_edit import SmallestEdit
    from bertmagic.options.commands import Explain
    from bertmagic.text_model import TextModel

_MOST = 6
"""The most words that an edit changes."""

_PRECISION = 0.95
"""In which share of samples an anchor has to keep the prediction."""


_OPTIONS = {
    "edit": {"text", "pair", "target", "protect", "words_from"},
    "anchor": {"text", "pair", "target", "seed"},
    "rows": {"text", "pair", "target", "rows_by", "top_k", "seed"},
    "overview": {"second", "by", "passes", "seed"},
    "benchmark": {"passes", "seed"},
    "": {"text", "pair", "target", "method", "passes", "backend", "full_bounds"},
}
"""The kinds of explanations by the option that asks for each, with the options that they read."""


def explain(
    model: TextModel, asked: Explain, emit: Listener
) -> Explanation | SmallestEdit | AnchorWords | InfluentialRows | Overview | MethodScores:
    """Return the explanation that was asked for; see `TextModel.explain`."""
    kind = _kind(asked)
    if kind == "overview":
        passes = overview.PASSES if asked.passes is None else asked.passes
        return overview.find(model, asked.overview, asked.second, asked.by, {}, passes, asked.seed, emit)
    if kind == "benchmark":
        return explain_benchmark.measure(model, asked.benchmark, {}, asked.passes, asked.seed, emit)
    if asked.text is None:
        raise DataError("there is no text to explain.", "Give a text, or overview = DATA for what a model leans on.")
    text, pair, target = asked.text, asked.pair, asked.target
    if kind == "edit":
        return edit.find(model, text, pair, target, asked.protect, asked.words_from, _MOST, emit)
    if kind == "anchor":
        return edit.anchor(model, text, pair, target, _PRECISION, asked.seed, emit)
    if kind == "rows":
        return training_influence.find(model, text, pair, target, asked.rows_by, asked.top_k, asked.seed, emit)
    return words.explain(model, text, pair, target, asked.method, asked.passes, asked.backend, asked.full_bounds, emit)


def _kind(asked: Explain) -> str:
    """Return the kind of explanation.

    Raises
    ------
    OptionError
        If several are asked for, or an option is given that the one does not read.
    """
    given = {field.name for field in fields(asked) if _is_given(getattr(asked, field.name), field.default)}
    kinds = [name for name in _OPTIONS if name in given]
    if len(kinds) > 1:
        raise OptionError(f"{listing(kinds)} are different explanations.", "Ask for one at a time.")
    kind = kinds[0] if kinds else ""
    unread = [name for name in sorted(given - _OPTIONS[kind]) if name != kind]
    if unread:
        readers = [other or "the words of a text" for other, options in _OPTIONS.items() if unread[0] in options]
        what = f"{kind} does" if kind else "the words of a text do"
        raise OptionError(f"{unread[0]} is for {listing(readers)}; {what} not read it.", f"Leave {unread[0]} out.")
    return kind


def _is_given(value: Any, default: Any) -> bool:
    return value is not default and not (isinstance(value, str | int | tuple) and value == default)
