from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertmagic.errors import OptionError
from bertmagic.magics import line
from bertmagic.options import COMMANDS

PREDICT, FINETUNE, SAVE = COMMANDS["bert_predict"], COMMANDS["bert_finetune"], COMMANDS["bert_save"]


def texts(typed):
    return [token.text for token in line.tokenize(typed)]


def values(typed, command=PREDICT):
    return {name: [token.text for token in tokens] for name, tokens in line.read(typed, command).items()}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", []),
        ("   ", []),
        ("a b\tc", ["a", "b", "c"]),
        ('"I would buy it again"', ["I would buy it again"]),
        ("'single'", ["single"]),
        ("\"a 'b' c\"", ["a 'b' c"]),
        ("'say \"hi\"'", ['say "hi"']),
        ('ab"c d"e', ["abc de"]),
        ('"a""b"', ["ab"]),
        ("''", [""]),
        (r"C:\data\x.csv", [r"C:\data\x.csv"]),
        (r'"C:\my data\x.csv"', [r"C:\my data\x.csv"]),
        ("a # comment", ["a"]),
        ("# comment", []),
        ("a#b", ["a#b"]),
        ('"a # b"', ["a # b"]),
        ('"$HOME {x} %y #z"', ["$HOME {x} %y #z"]),
        ("--file=x.csv", ["--file", "x.csv"]),
        ('--file="a b.csv"', ["--file", "a b.csv"]),
        ("--file=#x", ["--file", "#x"]),
        ("-m=x", ["-m", "x"]),
        ("a=b", ["a=b"]),
        ("sample:reviews@test", ["sample:reviews@test"]),
        ("owner/name", ["owner/name"]),
        ("é 你好 🙂", ["é", "你好", "🙂"]),
        ("a \n b", ["a", "b"]),
    ],
)
def test_tokens(typed, expected):
    assert texts(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("{x}", "x"),
        ("{ df.head() }", "df.head()"),
        ('{df["a b"]}', 'df["a b"]'),
        ('{df[df.lang == "}"]}', 'df[df.lang == "}"]'),
        ("{{'a': 1}['a']}", "{'a': 1}['a']"),
        ("{[x for x in {1, 2}]}", "[x for x in {1, 2}]"),
        ('{f"{x}"}', 'f"{x}"'),
        ('{"""}"""}', '"""}"""'),
        ("{a if b else {}}", "a if b else {}"),
        (r'{"\"}"}', r'"\"}"'),
        ("{'#}'}", "'#}'"),
    ],
)
def test_python_in_braces_runs_to_its_own_brace(typed, expected):
    (first, second) = line.tokenize(typed + " after")
    assert (first.kind, first.text, second.text) == ("python", expected, "after")
    assert texts("--by=" + typed) == ["--by", expected]


@pytest.mark.parametrize(
    ("typed", "at", "words"),
    [
        ("I don't like it", 5, "quote is never closed"),
        ('-m x "open', 5, "quote is never closed"),
        ("{df[0]", 0, "brace is never closed"),
        ("a {1 +}", 2, "not a Python expression"),
        ("{x}y", 3, "closing brace"),
        ("{}", 0, "not a Python expression"),
    ],
)
def test_a_caret_stands_under_what_cannot_be_read(typed, at, words):
    with pytest.raises(OptionError, match=words) as caught:
        line.tokenize(typed)
    _, shown, caret, fix = str(caught.value).split("\n")
    assert shown[2:] == typed
    assert caret.index("^") - 2 == at
    assert fix


def test_a_long_line_is_cut_around_the_caret():
    with pytest.raises(OptionError) as caught:
        line.tokenize("x " * 300 + "don't" + " y" * 300)
    lines = str(caught.value).split("\n")
    assert max(map(len, lines)) < 110
    assert lines[1][lines[2].index("^")] == "'"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_text_survives_quoting(originals):
    quoted = ["'" + text.replace("'", "'\"'\"'") + "'" for text in originals]
    assert texts(" ".join(quoted)) == originals


@given(st.text())
def test_scanning_never_fails_and_never_overlaps(typed):
    tokens = list(line.scan(typed))
    assert all(before.end <= after.start for before, after in pairwise(tokens))


@pytest.mark.parametrize(
    ("typed", "silent", "expected"),
    [
        ("x;", True, ["x"]),
        ('"a" ;', True, ["a"]),
        ("{x};", True, ["x"]),
        ("x; # done", True, ["x"]),
        (";", True, []),
        ('"a;"', False, ["a;"]),
        ("a;b", False, ["a;b"]),
        ("x # y;", False, ["x"]),
        ("x", False, ["x"]),
    ],
)
def test_a_semicolon_at_the_end_silences(typed, silent, expected):
    assert line.silenced(typed) is silent
    assert texts(typed) == expected


def test_flags_take_hyphens_underscores_and_equals_signs():
    expected = {"batch_size": ["8"], "lr": ["-1"]}
    for typed in ("--batch-size 8 --lr -1", "--batch_size 8 --lr=-1", "--batch-size=8 --lr -1"):
        assert values(typed, FINETUNE) == expected


def test_short_flags_positions_and_switches():
    assert values("quick -m bert --resume --epochs 2", FINETUNE) == {
        "name": ["quick"], "model": ["bert"], "resume": ["true"], "epochs": ["2"],
    }  # fmt: skip
    assert values("quick --resume=false", FINETUNE)["resume"] == ["false"]
    assert values("clf models/clf", SAVE) == {"name": ["clf"], "path": ["models/clf"]}


def test_repeatable_values_repeat():
    assert values('"a" "b" -m x "c"') == {"texts": ["a", "b", "c"], "model": ["x"]}
    assert values("d --by a --by b", COMMANDS["bert_evaluate"])["by"] == ["a", "b"]


def test_a_quoted_text_is_no_flag():
    assert values('"--file" "-m"') == {"texts": ["--file", "-m"]}


@pytest.mark.parametrize(
    ("typed", "command", "words"),
    [
        ("--epohcs 3", FINETUNE, r"no flag --epohcs. Did you mean '--epochs'\?"),
        ("--batchsize 3", FINETUNE, "Did you mean '--batch-size'"),
        ("-q", FINETUNE, "no flag -q"),
        ("--epochs", FINETUNE, "--epochs needs a value"),
        ("--epochs --lr 1", FINETUNE, "--epochs needs a value"),
        ("--epochs 1 --epochs 2", FINETUNE, "'epochs' is given twice"),
        ("a b", FINETUNE, "one value too many"),
        ("a --name b", FINETUNE, "'name' is given twice"),
        ("x", COMMANDS["bert_status"], "takes no values"),
    ],
)
def test_what_a_command_does_not_take(typed, command, words):
    with pytest.raises(OptionError, match=words) as caught:
        line.read(typed, command)
    assert "^" in str(caught.value)
    assert str(caught.value).count("\n") <= 5


@pytest.mark.parametrize("typed", ["-h", "--help", "x --help", "I don't -m --help", "-h 'open"])
def test_help_is_seen(typed):
    assert line.asks_help(typed) or "'" in typed


@pytest.mark.parametrize("typed", ['"-h"', "# -h", "help", "'open -h"])
def test_help_is_not_imagined(typed):
    assert not line.asks_help(typed)


def test_a_flag_may_take_two_values():
    command = COMMANDS["bert_runs"]
    assert values("--diff a b --sort loss c*", command) == {"diff": ["a", "b"], "sort": ["loss"], "names": ["c*"]}
    for typed in ("--diff a", "--diff", "--diff a --sort loss"):
        with pytest.raises(OptionError, match="--diff needs 2 values"):
            line.read(typed, command)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a b test", {"models": ["a", "b"], "data": ["test"]}),
        ("a test --price 2", {"models": ["a"], "data": ["test"], "price": ["2"]}),
        ("a --price 2 b c test", {"models": ["a", "b", "c"], "data": ["test"], "price": ["2"]}),
        ("a b --data test", {"models": ["a", "b"], "data": ["test"]}),
        ("a", {"models": ["a"]}),
        ("", {}),
    ],
)
def test_the_last_of_several_values_is_the_data(typed, expected):
    assert values(typed, COMMANDS["bert_compare"]) == expected
