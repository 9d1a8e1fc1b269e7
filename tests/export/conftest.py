"""An export of each task's tiny model, made once."""

import pytest

from bertmagic.export import session

pytest.importorskip("onnxruntime")

LONG = " ".join(["the film was good and the ending was really bad , the plot is long !"] * 9)
"""More tokens than the tiny BERT reads at once."""

TEXTS = [
    "the film was good",
    "a bad, broken cable!",
    LONG,
    "it was 好 123",
    "zoé's don't x\u200by 😀👍🏽 3.5 ไทย ",
    "w\ud800ord",
]
PAIRS = [(text, other) for text, other in zip(TEXTS, TEXTS[::-1], strict=True)] + [
    (LONG, LONG),
    ("a", LONG),
    (LONG, "a"),
]
KINDS = ("classification", "pairs", "multi_label", "regression", "token_classification", "question_answering")


def texts_for(model):
    return PAIRS if len(model.task.inputs) == 2 else TEXTS


@pytest.fixture(scope="session")
def model_of(learnt, small):
    return lambda kind: learnt if kind == "classification" else small(kind)


@pytest.fixture(scope="session")
def exported(model_of, tmp_path_factory):
    """Return a function from a kind of model to the folder of its export and the result."""
    from functools import cache

    folder = tmp_path_factory.mktemp("exports")

    @cache
    def export(kind):
        model = model_of(kind)
        return folder / kind, model.export(folder / kind, check=texts_for(model), show=False)

    return export


@pytest.fixture
def program(exported):
    return lambda kind: session.program(exported(kind)[0])
