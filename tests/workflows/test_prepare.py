"""The rows of a run, from the files that the options name."""

import pytest

import bertmagic as bm
from bertmagic.data import tables
from bertmagic.data.formats.header import UnsureHeader
from bertmagic.events import ignore
from bertmagic.options import Finetune
from bertmagic.workflows.prepare import prepare


@pytest.mark.parametrize(("names", "rows"), [("", 2), ("answer,topic\n", 1)])
def test_a_first_row_that_may_be_either_is_what_it_is_in_train(tmp_path, names, rows):
    """Two rows of words tell nothing, but the file of train does."""
    lines = [f"a fine film number {at} which I saw twice and liked,{'good' if at % 2 else 'bad'}" for at in range(40)]
    (tmp_path / "train.csv").write_text(names + "\n".join(lines))
    (tmp_path / "small.csv").write_text("lovely,good\nawful,bad\n")
    with pytest.raises(UnsureHeader):
        tables.read("small.csv")
    columns = ("answer", "topic") if names else ("0", "1")
    if names:
        (tmp_path / "small.csv").write_text("answer,topic\nawful,bad\n")
    options = Finetune(train="train.csv", validation="small.csv", text=columns[0], label=columns[1])
    assert len(prepare(options, ignore).validation) == rows


def test_the_report_of_a_run_says_how_its_files_were_read(tmp_path, encoder, make_rows):
    make_rows(40)[["text", "label"]].to_csv(tmp_path / "train.csv", sep="|", index=False)
    model = bm.finetune("train.csv", model=encoder, max_steps=1, baselines=False, show=False)
    assert model.report.notes[0].startswith("Read as a table: fields are separated by bars")
