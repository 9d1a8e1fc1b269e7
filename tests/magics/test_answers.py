"""Questions to a model: what `%bert_predict` and its relatives ask of the API."""

import pytest

QUESTION, CONTEXT = 'When did "it" open?', "It opened in {1911}, for $5."


@pytest.fixture(autouse=True)
def reader(run, reviews):
    run("%bert_finetune reader --train reviews --question q --context c --answers a")


def test_a_cell_names_the_three_columns(run, calls):
    run('%%bert_finetune reader\ntrain = reviews\nquestion = "q"\ncontext = "c"\nanswers = "a"\nmax_answer_length = 9')
    options = calls[-1][2]
    assert {name: options[name] for name in ("question", "context", "answers", "max_answer_length")} == {
        "question": "q", "context": "c", "answers": "a", "max_answer_length": 9,
    }  # fmt: skip


def test_a_question_and_its_context_are_a_pair(run, shell, calls):
    shell.user_ns["passage"] = CONTEXT
    run(f"%bert_predict '{QUESTION}' passage -m reader")
    assert list(calls[-1][2]["texts"]) == [QUESTION, CONTEXT]
    run(f"%bert_predict '{QUESTION} ||| {CONTEXT}' -m reader")
    assert calls[-1][2]["texts"] == f"{QUESTION} ||| {CONTEXT}"


def test_a_body_has_a_pair_a_line(run, calls):
    run(f"%%bert_predict -m reader -o found\n{QUESTION} ||| {CONTEXT}\nWhy? ||| {CONTEXT}")
    assert calls[-1][2]["texts"] == [(QUESTION, CONTEXT), ("Why?", CONTEXT)]


def test_columns_of_a_table_are_named(run, reviews, calls):
    run("%bert_predict reviews -m reader --question q --context c")
    given = calls[-1][2]
    assert (given["texts"] is reviews, given["question"], given["context"]) == (True, "q", "c")


def test_the_same_in_python(run, shell):
    out = run("%bert_predict 'When?' 'In 1911.' -m reader --show-code").out
    assert 'reader.predict(["When?", "In 1911."])' in out
