"""What to do with a model after a result, as lines to copy: magics, or calls of functions where there are no magics."""

from __future__ import annotations

import json

from bertmagic.magic_words import has_magics
from bertmagic.text_safety import visible


def predict(text: str, model: str) -> str:
    """Return the line that predicts for a text."""
    if not has_magics():
        return f"{loaded(model)}.predict({_literal(visible(text))})"
    return f"%bert_predict {quoted(text)} -m {model_name(model)}"


def evaluate(rows: str, model: str) -> str:
    """Return the line that evaluates a model on the rows of a variable."""
    if not has_magics():
        return f"{loaded(model)}.evaluate({rows})"
    return f"%bert_evaluate {rows} -m {model_name(model)}"


def attention(text: str, model: str) -> str:
    """Return the line that shows what a model attends to in a text, or in the two texts of a pair."""
    if not has_magics():
        return f"{loaded(model)}.attention({_arguments(text)}).view()"
    return f"%bert_attention {quoted(text)} -m {model_name(model)}"


def explain(text: str, model: str) -> str:
    """Return the line that says which words of a text, or of the two texts of a pair, speak for a prediction."""
    if not has_magics():
        return f"{loaded(model)}.explain({_arguments(text)})"
    return f"%bert_explain {quoted(text)} -m {model_name(model)}"


def save(model: str) -> str:
    """Return the line that saves a model to `folder`."""
    if not has_magics():
        return f"{loaded(model)}.save({_literal(folder(model))})"
    return f"%bert_save {model_name(model)} {folder(model)}"


def folder(model: str) -> str:
    """Return the folder, under that of the notebook, that a model is saved to if the user names no other."""
    return f"models/{model}" if model.isidentifier() else "models/my_model"


def loaded(model: str) -> str:
    """Return the call that gives the model of a run."""
    return f"bm.load({_literal(model)})"


def model_name(model: str) -> str:
    """Return the name of a model as it is written in a magic."""
    return model if model.isidentifier() else _literal(model)


def quoted(text: str) -> str:
    """Return a text, or the two of a pair, as a magic reads them.

    A text with quotes or breaks is written as a Python expression, in which JSON's escapes mean the same.
    """
    return " ".join(f"{{{_literal(part)}}}" if _needs_escapes(part) else f'"{part}"' for part in _parts(text))


def _needs_escapes(text: str) -> bool:
    return not text or any(letter in text for letter in '"\\\n\r\t')


def _arguments(text: str) -> str:
    """Return a text, or the two of a pair, as arguments of a call."""
    return ", ".join(map(_literal, _parts(text)))


def _parts(text: str) -> list[str]:
    return visible(text).split(" ||| ")


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
