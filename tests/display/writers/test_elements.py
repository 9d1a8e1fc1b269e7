from markupsafe import Markup

from bertmagic.display.writers.elements import Cell, bar, collapsed, escape, notes, progress, table, tag

from ..runs import HOSTILE
from ..tags import Tags


def test_values_are_escaped_and_html_is_not_escaped_twice():
    assert escape('<a href="x">\'') == "&lt;a href=&#34;x&#34;&gt;&#39;"
    assert escape(escape("<")) == "&lt;"
    assert tag("b", Markup("<i></i>"), "<", title='"') == '<b title="&#34;"><i></i>&lt;</b>'


def test_a_table_has_scopes_and_only_its_own_tags():
    html = table([HOSTILE, "n"], [[HOSTILE, Cell(HOSTILE)], [bar(0.5, HOSTILE), 1], [HOSTILE]], HOSTILE)
    assert html.count('scope="col"') == 2
    assert html.count('scope="row"') == 2
    parsed = Tags(html)
    assert set(parsed.tags) <= {"div", "table", "thead", "tbody", "tr", "th", "td"}
    assert not parsed.open


def test_a_long_text_is_collapsed_and_bounded():
    assert "details" not in collapsed("short")
    html = collapsed('"' * 1_000_000, bytes_=3_000)
    assert len(html.encode()) < 3_400
    assert "more characters" in html
    assert Tags(collapsed("word " * 100)).tags == ["details", "summary", "div"]


def test_a_bar_of_unknown_length_has_no_value():
    assert "aria-valuenow" not in progress(3, 0, "reading")
    assert 'aria-valuenow="50"' in progress(1, 2, "reading")


def test_notes_say_what_they_are():
    assert "Note: a &lt; b" in notes(["a < b"])
    assert notes([]) == ""
