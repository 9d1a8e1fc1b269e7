from types import SimpleNamespace
from typing import ClassVar

import pandas as pd
import pytest

from bertmagic import tasks
from bertmagic.data import columns, tables
from bertmagic.errors import DataError
from bertmagic.workflows.prepare import columns_of

LONG = [f"a text of some words, number {i}" for i in range(40)]
CLASSES = ["a", "b"] * 20


def infer(**frame):
    return columns.text_and_label(tables.read(pd.DataFrame(frame)), None, None)


def test_what_is_named_like_a_text_and_a_label_is_taken_and_said():
    assert infer(extra=[*range(40)], review=LONG, sentiment=CLASSES) == (
        "review", "sentiment", "Inferred from the DataFrame: text = 'review', label = 'sentiment'.",
    )  # fmt: skip


def test_what_reads_like_a_text_and_like_classes_is_taken():
    inferred = infer(id=range(40), group=CLASSES, opinion=LONG)
    assert inferred[:2] == ("opinion", "group")


def test_the_place_of_a_column_never_decides():
    for frame in ({"a": LONG, "b": LONG, "label": CLASSES}, {"b": LONG, "a": LONG, "label": CLASSES}):
        with pytest.raises(DataError, match=r"the text column of the DataFrame is not clear: it could be (a, b|b, a)"):
            infer(**frame)


def test_ambiguous_labels_are_listed_with_the_option():
    with pytest.raises(DataError, match=r"label column .* not clear: it could be stars, group") as caught:
        infer(text=LONG, stars=[1, 2] * 20, group=CLASSES)
    assert 'label = "NAME"' in caught.value.fix


def test_no_candidate_lists_the_columns():
    with pytest.raises(DataError, match=r"no column of the DataFrame looks like the label \(columns: text, id\)"):
        infer(text=LONG, id=range(40))
    with pytest.raises(DataError, match="no column of the DataFrame looks like the text"):
        infer(id=range(40), label=CLASSES)


def test_a_column_that_is_given_is_not_said_to_be_inferred():
    table = tables.read(pd.DataFrame({"x": LONG, "y": CLASSES, "z": LONG}))
    assert columns.text_and_label(table, "z", "y") == ("z", "y", "")
    assert columns.text_and_label(table, "x", None)[2] == "Inferred from the DataFrame: label = 'y'."


def test_a_missing_column_names_the_nearest():
    table = tables.read(pd.DataFrame({"review": LONG, "stars": CLASSES}))
    with pytest.raises(DataError, match=r"no column 'revew' \(columns: review, stars\). Did you mean 'review'\?"):
        columns.text_and_label(table, "revew", "stars")
    with pytest.raises(DataError, match=r"no column 'star'.*Did you mean 'stars'\?"):
        columns.text_and_label(table, "review", "star")


def test_text_and_label_must_differ():
    table = tables.read(pd.DataFrame({"review": LONG}))
    with pytest.raises(DataError, match="text and label are both 'review'"):
        columns.text_and_label(table, "review", "review")


def test_lists_in_a_column_do_not_break_inference():
    assert infer(text=LONG, label=CLASSES, tags=[["x"]] * 40)[:2] == ("text", "label")
    assert infer(text=LONG, group=CLASSES, tags=[["x"]] * 40)[:2] == ("text", "group")


@pytest.mark.parametrize("name", ["gold_label", "Gold Label", "polarity", "emotion", "Class Index", "y", "tag"])
def test_further_names_of_labels_are_known(name):
    assert infer(text=LONG, **{name: CLASSES}, split=["x", "y"] * 20)[1] == name


def test_the_gold_label_is_taken_before_those_of_annotators():
    assert infer(text=LONG, annotator_labels=[["a", "b"]] * 40, gold_label=CLASSES)[1] == "gold_label"
    with pytest.raises(DataError, match="could be label, gold_label"):
        infer(text=LONG, label=CLASSES, gold_label=CLASSES)


def test_numbers_named_like_a_target_are_not_passed_over():
    with pytest.raises(DataError, match="could be genre, relatedness_score"):
        infer(text=LONG, genre=CLASSES, relatedness_score=[i / 12 for i in range(40)])
    assert infer(text=LONG, genre=CLASSES, price=[i / 12 for i in range(40)])[1] == "genre"
    assert infer(text=LONG, label=CLASSES, score=[i / 12 for i in range(40)])[1] == "label"


def test_a_further_name_counts_only_without_a_label_and_with_classes():
    assert infer(text=LONG, label=CLASSES, tag=CLASSES)[1] == "label"
    assert infer(text=LONG, tag=[f"tag {i}" for i in range(40)], group=CLASSES)[1] == "group"
    with pytest.raises(DataError, match="could be polarity, emotion"):
        infer(text=LONG, polarity=CLASSES, emotion=CLASSES, group=CLASSES)


def test_lists_in_a_form_that_cannot_be_read_are_named_where_no_column_fits():
    with pytest.raises(DataError, match=r"column 'tokens' of the DataFrame holds .* as NumPy writes it"):
        infer(tokens=["['In' 'Paris']"] * 40, tags=["['O' 'B-LOC']"] * 40)


def test_splits_and_annotators_are_no_labels():
    assert infer(text=LONG, group=CLASSES, Split=["train", "test"] * 20)[1] == "group"
    with pytest.raises(DataError, match="no column of the DataFrame looks like the label"):
        infer(text=LONG, split=["train", "test"] * 20)


def test_addresses_dates_and_identifiers_are_no_texts():
    day = [f"Tue Mar {n % 28 + 1:02} 10:{n:02}:59 CET 2020" for n in range(40)]
    link = [f"https://example.org/pages/{n}" for n in range(40)]
    assert infer(when=day, link=link, opinion=LONG, group=CLASSES)[0] == "opinion"
    assert infer(link=link, group=CLASSES)[0] == "link"


def test_several_columns_with_0_and_1_can_all_be_labels():
    with pytest.raises(DataError) as caught:
        infer(text=LONG, rude=[0, 1] * 20, loud=[1, 0] * 20)
    assert "label = ['rude', 'loud']" in caught.value.fix


def test_multiple_choice_is_refused_unless_both_columns_are_named():
    frame = {"question": LONG, "choices": [{"label": ["A", "B"], "text": ["tea", "rain"]}] * 40, "key": ["A", "B"] * 20}
    with pytest.raises(DataError, match=r"multiple-choice questions \(column 'choices'\)") as caught:
        infer(**frame)
    assert "a row of each question and choice" in caught.value.fix
    table = tables.read(pd.DataFrame(frame))
    assert columns.text_and_label(table, "question", "key")[:2] == ("question", "key")


class Counted(pd.DataFrame):
    """A frame that counts how often one of its columns is read."""

    reads: ClassVar[list[str]] = []

    @property
    def _constructor(self):
        return Counted

    def __getitem__(self, key):
        self.reads.append(key)
        return super().__getitem__(key)


def wide(many, **named):
    numbers = {f"feature_{at}": [at % 7, at % 5] * 20 for at in range(many)}
    Counted.reads.clear()
    return tables.Table("wide", Counted({**numbers, **named}))


def reads_to_infer(table):
    asked = dict.fromkeys(("text", "label", "question", "context", "answers"))
    task = tasks.infer(table, asked)
    chosen, _ = columns_of(task, table, SimpleNamespace(**asked))
    return chosen, len([key for key in Counted.reads if isinstance(key, str)])


def test_the_work_grows_with_the_columns_and_not_with_their_square():
    counts = [reads_to_infer(wide(many, review=LONG, label=CLASSES))[1] for many in (100, 200, 400)]
    assert counts[1] - counts[0] <= 20 * 100
    assert counts[2] - counts[1] <= 2 * (counts[1] - counts[0])


def test_of_a_very_wide_table_only_columns_with_usual_names_are_looked_at():
    chosen, reads = reads_to_infer(wide(columns.MOST + 1, review=LONG, label=CLASSES))
    assert chosen == {"text": "review", "label": "label"}
    assert reads < 50
    with pytest.raises(DataError, match="looks like the label") as caught:
        reads_to_infer(wide(columns.MOST + 1, review=LONG, group=CLASSES))
    assert "Of its 2,003 columns, only those with a usual name are looked at." in caught.value.fix
    chosen, _ = columns_of(
        tasks.find("classification"), wide(columns.MOST, review=LONG, group=CLASSES),
        SimpleNamespace(text="review", label="group"),
    )  # fmt: skip
    assert chosen == {"text": "review", "label": "group"}


def test_a_missing_column_of_a_very_wide_table_names_the_nearest_of_all():
    with pytest.raises(DataError, match=r"no column 'featre_1999'.*Did you mean 'feature_1999'\?") as caught:
        columns_of(tasks.find("classification"), wide(6000, review=LONG), SimpleNamespace(text="featre_1999"))
    assert len(str(caught.value)) < 400


def test_the_names_of_a_table_are_listed_once():
    table = tables.read(pd.DataFrame({"x": LONG}))
    assert table.columns is table.columns


def test_a_target_of_a_stance_is_not_taken_for_the_label():
    with pytest.raises(DataError, match="it could be Target, Stance"):
        infer(Tweet=LONG, Target=CLASSES, Stance=["FAVOR", "AGAINST"] * 20)


def test_short_texts_of_chinese_are_texts():
    assert infer(a=[f"这个电影{i}怎么样" for i in range(20)], b=[0, 1] * 10)[:2] == ("a", "b")
