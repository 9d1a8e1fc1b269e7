"""Text that Markdown shows as it is: checked by a renderer of Markdown, where a mark could do harm."""

import html
import json
import re
import unicodedata

import mistune
import pytest

from bertmagic import text_safety
from bertmagic.errors import DataError, Interrupted
from bertmagic.text_safety import quoted, shortened, visible, visible_token, without_surrogates

CONTROLS = [chr(code) for code in (*range(9), *range(11, 32), *range(0x7F, 0xA0))]
DIRECTIONS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
SEPARATORS = ["\u2028", "\u2029"]
HALVES = ["\ud800", "\udbff", "\udc00", "\udfff"]
HIDING = ["\xad", "\u034f", "\u200b", "\u2060", "\ufeff", "\ufffe", "\uffff", "\U000e0001", "\U000e0041", "\U000e007f"]
NEVER_SHOWN = [*CONTROLS, *DIRECTIONS, *SEPARATORS, *HALVES, *HIDING]
"""Characters that no output may hold."""

HOSTILE = [
    "<img src=x onerror=alert(1)>", "a|b|c", "**bold** _it_ ~~no~~", "[link](javascript:alert(1))", "# title", "- item",
    "1. item", "`code` ``", "a\nb\r\nc", "&lt;b&gt; & &copy;", "\\`x`", "$x^2$", "---",
    "好 | \u202eevil", "=== ", "+ x", "x\x00y",
    "![img](http://x/y.png)", "</script><script>", "",
]  # fmt: skip


def rendered(text):
    render = mistune.create_markdown(plugins=["table", "strikethrough"], escape=False)
    return render(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_reads_as_it_is_and_is_no_markup(text):
    shown = rendered(text_safety.escaped(text))
    tags = set(re.findall(r"<(\w+)", shown))
    assert tags <= {"p"}
    words = html.unescape(re.sub(r"</?p>", "", shown)).strip()
    assert words == re.sub(r"\s+", " ", visible(text)).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_stays_one_cell(text):
    shown = rendered(
        text_safety.table(["name", "n"], [[text_safety.escaped(text), "1"], [text_safety.code(text), "2"]])
    )
    assert shown.count("<tr>") == 3
    assert shown.count("<td") == 4
    assert set(re.findall(r"<(\w+)", shown)) <= {"table", "thead", "tbody", "tr", "td", "th", "code"}


def test_long_text_is_cut():
    assert len(text_safety.escaped("x" * 10**6)) == 400
    assert text_safety.escaped("abcdef", 4) == "abc…"


@pytest.mark.parametrize("character", NEVER_SHOWN, ids=lambda character: f"{ord(character):04X}")
def test_a_character_that_is_never_shown_leaves_its_picture_or_its_code(character):
    for shown in (visible(f"a{character}b"), visible_token(f"a{character}b")):
        assert shown[0] == "a"
        assert shown[-1] == "b"
        assert not set(shown) & set(NEVER_SHOWN)
        assert len(shown) >= 3
        shown.encode()
    for spelled in (text_safety.escaped, text_safety.code, lambda text: str(DataError(text, text)),
                    lambda text: str(Interrupted(text))):  # fmt: skip
        assert not set(spelled(f"a{character}b")) & set(NEVER_SHOWN)


def test_every_control_and_every_format_character_that_reorders_is_covered():
    hidden = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cs")]
    hidden += [c for c in map(chr, range(0x110000)) if unicodedata.bidirectional(c) in
               ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B")]  # fmt: skip
    assert [c for c in set(hidden) - set("\t\n\r") if visible(c) == c] == []
    assert visible("a\rb") == "a␍b"


@pytest.mark.parametrize(
    "text",
    ["שלום עולם", "\u200f(שלום)\u200e abc", "مرحبا بالعالم",
     "می\u200cخواهم", "ﷺ é", "👩\u200d👩\u200d👧 ❤\ufe0f", "日本語 かな 한글",
     "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "a\tb\nc", "�", "⟨U+202E⟩"],
)  # fmt: skip
def test_text_that_hides_nothing_stays_as_it_is(text):
    assert visible(text) == text


def test_tags_are_kept_in_a_flag_alone():
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore")
    assert visible(f"🏴x{hidden}") == "🏴x" + "".join(f"⟨U+{ord(letter):04X}⟩" for letter in hidden)
    assert "⟨U+E0069⟩" in visible(f"🏴{hidden}")


def test_line_ends_are_one_kind():
    assert visible("a\r\nb\nc") == "a\nb\nc"
    assert visible_token("\r\n") == "␍␊"


def test_a_token_hides_no_joiner_at_its_ends():
    assert visible_token("\u200da\u200db\u200f") == "⟨U+200D⟩a\u200db⟨U+200F⟩"


def test_visible_text_is_its_own_and_json():
    shown = visible("".join(NEVER_SHOWN))
    assert visible(shown) == shown
    json.dumps(shown, ensure_ascii=False).encode()


class Loud:
    """Raises whatever it is asked."""

    def __repr__(self):
        raise KeyError("never")


def deep(levels):
    made = []
    for _ in range(levels):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a'b", '"a\'b"'),
        (1.5, "1.5"),
        (["a", 1], "['a', 1]"),
        (10**5000, "a whole number of about 5,000 digits"),
        ([10**5000], "[a whole number of about 5,000 digits]"),
        (Loud(), "<Loud>"),
        ([Loud()], "[<Loud>]"),
        (deep(5000), "[[[[[...]]]]]"),
        ("x" * 1000, f"'{'x' * 78}…{'x' * 78}'"),
        ("a\n  b", "'a\\n b'"),
    ],
    ids=["quote", "float", "list", "huge", "huge in a list", "loud", "loud in a list", "deep", "long", "lines"],
)
def test_any_value_is_quoted_in_one_short_line(value, expected):
    assert quoted(value) == expected or (len(quoted(value)) == 160 and "…" in expected)
    assert len(quoted(value, 20)) <= 20


def test_a_text_is_shortened_in_its_middle():
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdef", 5) == "ab…ef"
    assert shortened("abcdef", 4) == "ab…f"


def test_halves_of_characters_keep_their_place():
    assert without_surrogates("a\ud83db\udc00") == "a\ufffdb\ufffd"
    assert without_surrogates("😀") == "😀"
