"""A new head starts from a linear model of what it reads, for every task that has one."""

import pytest

import bertmagic as bm

from ..small import ROWS

HEADS = {
    "classification": "AutoModelForSequenceClassification",
    "pairs": "AutoModelForSequenceClassification",
    "multi_label": "AutoModelForSequenceClassification",
    "regression": "AutoModelForSequenceClassification",
    "token_classification": "AutoModelForTokenClassification",
}


@pytest.fixture(scope="module")
def table(make_rows):
    """Return a function from a task to its rows."""
    return lambda task: make_rows(60).drop(columns="thing") if task == "classification" else ROWS[task](60)


def finetune(rows, encoder, **options):
    """Return the model of a run of the head alone, and the notes of the run."""
    notes = []
    pairs = {"text": ["premise", "hypothesis"], "label": "relation"} if "premise" in rows else {}
    known = {"model": encoder, "precision": "fp32", "show": False, "adapt": "head"} | pairs | options
    model = (
        bm.finetune(rows, **known, on_event=lambda event: notes.append(event)) if False else bm.finetune(rows, **known)
    )
    return model, notes
