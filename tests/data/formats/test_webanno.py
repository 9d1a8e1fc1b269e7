"""WebAnno TSV: layers, annotations of several words, stacked and escaped ones, parts of words."""

import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError

HEAD = """#FORMAT=WebAnno TSV 3.3
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|coarseValue|PosValue
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value


"""
ROWS = """#Text=Mara Lindqvist_x flew
1-1\t0-4\tMara\t_\tNE\thttp://example.org/1[1]\tPER\\_x[1]\t
1-2\t5-16\tLindqvist_x\t_\tNE\thttp://example.org/1[1]|*[2]\tPER\\_x[1]|LOC[2]\t
1-2.1\t5-7\tLi\t_\t_\t_\tDERIV\t
1-3\t17-21\tflew\t_\tVB\t_\t_\t

#Text=_ Oslo
2-1\t22-23\t_\t_\tXY\t_\t_\t
2-2\t24-28\tOslo\t_\tNE\t*\tLOC\t
"""


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "a.tsv").write_text(content, encoding="utf-8")
        return tables.read(tmp_path / "a.tsv")

    return read


def test_entities_come_from_the_layer_of_named_entities(read):
    table = read(HEAD + ROWS)
    assert table.frame["tokens"].tolist() == [["Mara", "Lindqvist_x", "flew"], ["_", "Oslo"]]
    assert table.frame["tags"].tolist() == [["B-PER_x", "I-PER_x", "O"], ["O", "B-LOC"]]
    assert "the tags are those of NamedEntity.value" in table.note
    assert "1 further annotation of a word left out." in table.note


def test_other_layers_are_columns_that_label_can_name(read):
    table = read(HEAD + ROWS)
    assert table.columns == ["tokens", "tags", "POS.PosValue", "NamedEntity.identifier", "NamedEntity.value"]
    assert table.frame["POS.PosValue"].tolist()[0] == ["B-NE", "B-NE", "B-VB"]


def test_what_marks_nothing_or_is_damaged_is_refused(read):
    with pytest.raises(DataError, match=r"no layer of a.tsv marks a span \(layers: none\)"):
        read("#FORMAT=WebAnno TSV 3.3\n\n\n" + ROWS)
    with pytest.raises(DataError, match="line 15 is not a word: 'broken'"):
        read(HEAD + ROWS + "broken\n")


def test_layers_that_describe_words_are_learnt_on_request_only(read):
    head = HEAD.replace("#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value\n", "")
    table = read(head + "#Text=Mara\n1-1\t0-4\tMara\tN\tNE\n")
    assert table.columns == ["tokens", "POS.coarseValue", "POS.PosValue"]
    assert table.frame["POS.PosValue"].tolist() == [["NE"]]
    assert "no layer marks entities; label = … learns the tags of words: POS.coarseValue, POS.PosValue" in table.note
