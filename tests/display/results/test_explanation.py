import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bertmagic.display import bundle, markdown, text
from bertmagic.explain.explanation import Explanation
from bertmagic.explain.faithfulness import Faithfulness

MEASURED = Faithfulness(0.4, 0.1, 0.45, 0.05, "beam search of width 5, 60 passes", 60, 0.2)


def html(result):
    return bundle(result)["text/html"]


def explanation(words, scores, **changes):
    """An explanation of words with a space between."""
    starts = np.cumsum([0, *(len(word) + 1 for word in words[:-1])])
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    frame = pd.DataFrame({"word": words, "start": starts, "end": ends, "score": scores})
    made = Explanation(
        frame, " ".join(words), None, "good", 0.9, 0.4, "good 0.900", "probability", "masks", MEASURED, "m",
        passes=200, seconds=1.0,
    )  # fmt: skip
    return replace(made, **changes)


def test_the_sign_is_read_without_colour_and_without_styles():
    page = html(explanation(["lovely", "the", "dull"], [0.5, 0.001, -0.25]))
    assert re.search(r'<b title="\+0.5000" style="[^"]*border-bottom:3.0px solid #0072B2">lovely</b>', page)
    assert re.search(r'<i title="-0.2500" style="[^"]*dashed #D55E00">dull</i>', page)
    assert re.search(r"</b> the <i", page)
    bare = re.sub(r' (style|title)="[^"]*"', "", page)
    assert "<b>lovely</b> the <i>dull</i>" in bare
    assert "Bold and underlined: for it. Italic and dashed: against it." in bare


def test_plain_text_says_it_all_in_ten_lines():
    lines = text(explanation(["lovely", "the", "dull", *"abcdefg"], [0.5, 0.001, -0.25, *[0.0] * 7])).splitlines()
    assert lines[0] == "good 0.900 by m. Explained: good, 0.900, and 0.400 with all words hidden."
    assert lines[1] == "⟦+lovely⟧ the ⟦−dull⟧ a b c d e f g"
    assert len(lines) <= 10
    assert "comprehensiveness 0.88" in lines[-1]
    assert "sufficiency 0.88" in lines[-1]
    assert "bounds 0.050 to 0.450" in lines[-1]


def test_a_method_without_signs_says_so():
    shown = html(explanation(["one", "two"], [0.5, 0.2], has_signs=False, special=0.25, method="gradient_norm"))
    assert "This method has no signs." in shown
    assert "Special tokens have 25% of it." in shown


def test_a_pair_keeps_its_sides():
    one = explanation(["dog", "cat"], [0.5, -0.4])
    frame = one.frame.assign(start=[0, 0], end=[3, 3], side=[0, 1])
    page = html(replace(one, frame=frame, text="dog barks", pair="cat sleeps"))
    assert re.search(r">dog</b> barks<.*>cat</i> sleeps<", page, re.DOTALL)


@pytest.mark.parametrize(("words", "shown"), [(["好", "不"], ">好</b> <i"), (["جيد", "سيئ"], ">جيد</b> <i")])
def test_each_script_is_read_in_its_own_direction(words, shown):
    page = html(explanation(words, [0.5, -0.5]))
    assert shown in page
    assert '<div dir="auto"' in page


def test_words_that_share_a_character_are_shown_once():
    one = explanation(["ab", "cd"], [0.5, -0.5])
    page = html(replace(one, frame=one.frame.assign(start=[0, 1], end=[2, 5])))
    assert re.sub(r"<[^>]*>", "", page).count("ab cd") >= 1


@pytest.mark.parametrize("word", ["<img src=x onerror=alert(1)>", "a&b", "x" * 400, "\u202e\u200b好"])
def test_a_long_text_fits_whatever_its_words(word):
    result = explanation([word] * 512, np.linspace(-1, 1, 512))
    shown = bundle(result)
    assert len(shown["text/html"].encode()) <= 100_000
    assert "<img" not in shown["text/html"]
    assert len(shown["text/plain"].splitlines()) <= 12
    assert "<img" not in markdown(result).replace("\\<img", "")


def test_where_no_order_is_better_than_another_nothing_is_normalised():
    flat = Faithfulness(0.1, 0.1, 0.1, 0.1, "beam")
    assert "Faithfulness cannot be measured" in text(explanation(["a", "b"], [0.0, 0.0], faithfulness=flat))


def test_bounds_that_were_not_searched_are_said():
    none = Faithfulness(0.1, 0.05, float("nan"), float("nan"), "not searched, as the text has more than 128 words")
    shown = text(explanation(["a", "b"], [0.1, 0.0], faithfulness=none))
    assert "Comprehensiveness 0.100" in shown
    assert "not searched" in shown
    assert "nan" not in shown
