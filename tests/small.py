"""Rows of every task, few and simple."""

import pandas as pd

from .conftest import BAD, GOOD, THINGS


def pairs(count=40):
    texts = [f"the {THINGS[at % 11]} was {GOOD[at % 6]} {at}" for at in range(count)]
    hypotheses = [f"it was {(GOOD, BAD)[at % 2][at % 6]}" for at in range(count)]
    return pd.DataFrame({"premise": texts, "hypothesis": hypotheses, "relation": ["yes", "no"] * (count // 2)})


def label_sets(count=40):
    sets = (["bad", "long"], ["good"], [], ["good", "long"])
    texts = [f"{' '.join(sets[at % 4])} {THINGS[at % 11]} {GOOD[at % 6]} {at}" for at in range(count)]
    return pd.DataFrame({"text": texts, "topics": [sets[at % 4] for at in range(count)]})


def entities(count=40):
    rows = [["the", THINGS[at % 11], "was", "very", GOOD[at % 6], str(at)] for at in range(count)]
    return pd.DataFrame({"tokens": rows, "tags": [["O", "B-THING", "O", "B-WORD", "I-WORD", "O"]] * count})


def questions(count=40):
    contexts = [f"the {THINGS[at % 11]} was {GOOD[at % 6]} {at}" for at in range(count)]
    golds = [[] if at % 4 == 3 else [{"text": GOOD[at % 6], "start": contexts[at].index(GOOD[at % 6])}]
             for at in range(count)]  # fmt: skip
    answers = [
        {"text": [one["text"] for one in gold], "answer_start": [one["start"] for one in gold]} for gold in golds
    ]
    return pd.DataFrame({"question": ["what was it ?"] * count, "context": contexts, "answers": answers})


def numbers(count=40):
    texts = [f"{' '.join(['good'] * (at % 5))} {THINGS[at % 11]} {at}" for at in range(count)]
    return pd.DataFrame({"text": texts, "stars": [at % 5 - 0.5 for at in range(count)]})


def documents(count=40):
    return pd.DataFrame(
        {"text": [f"the {THINGS[at % 11]} was {GOOD[at % 6]}. it is long. {at}" for at in range(count)]}
    )


ROWS = {
    "pairs": pairs, "multi_label": label_sets, "regression": numbers, "token_classification": entities,
    "question_answering": questions,
}  # fmt: skip
