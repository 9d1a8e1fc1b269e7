import difflib
import traceback
import weakref

import pytest

from bertmagic.errors import MOST, BertMagicError, Interrupted, count, empty_frames, is_near, listing, nearest


class Big:
    """Stands for a network."""


def library(make, kept, name="bertmagic.training.loop"):
    """Return the error of a function of a module of that name, which holds something big when it fails."""
    space = {"__name__": name, "make": make, "kept": kept}
    exec("def run():\n    big = make()\n    kept(big)\n    1 / 0\n", space)
    try:
        space["run"]()
    except ZeroDivisionError as error:
        return error


def test_frames_of_the_library_hold_nothing_and_the_trace_stays():
    seen = []
    error = library(Big, lambda big: seen.append(weakref.ref(big)))
    assert seen[0]() is not None
    empty_frames(error)
    assert seen[0]() is None
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1] == "run"


def test_what_an_error_came_from_is_emptied_too():
    seen = []
    first = library(Big, lambda big: seen.append(weakref.ref(big)))
    second = library(Big, lambda big: seen.append(weakref.ref(big)))
    error = ValueError("the last")
    error.__cause__, error.__context__, first.__context__ = first, first, second
    second.__context__ = first  # a circle
    empty_frames(error)
    assert [one() for one in seen] == [None, None]


def test_frames_of_a_cell_are_left_to_the_user():
    seen = []
    error = library(Big, lambda big: seen.append(weakref.ref(big)), name="__main__")
    empty_frames(error)
    assert seen[0]() is not None


def test_frames_that_still_run_are_left_alone():
    big = Big()
    try:
        raise ValueError
    except ValueError as error:
        empty_frames(error)
    assert isinstance(big, Big)


@pytest.mark.parametrize(
    ("n", "words", "expected"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("row",), "2 rows"),
        (1234, ("row",), "1,234 rows"),
        (1, ("class", "classes"), "1 class"),
        (12, ("class", "classes"), "12 classes"),
    ],
)
def test_a_number_and_its_noun_agree(n, words, expected):
    assert count(n, *words) == expected


LONG = "x" * 1_000_000


@pytest.mark.parametrize(
    ("what", "fix"),
    [(f"there is no file {LONG!r}.", ""), ("short.", f"Give {LONG}."), (f"no {LONG}.", f"Give {LONG}."),
     ("\u202e" * 1900 + "!", "\0" * 900 + "?")],
    ids=["what", "fix", "both", "hidden"],
)  # fmt: skip
def test_a_message_is_short_whatever_it_quotes(what, fix):
    error = BertMagicError(what, fix)
    assert len(str(error)) <= MOST
    assert error.what[:3] == what[:3] or error.what.startswith("⟨")
    assert error.what[-1] == what[-1]
    assert "…" in str(error)
    assert error.fix[-1:] == fix[-1:]
    assert len(str(Interrupted(what))) <= MOST
    assert len(str(BertMagicError(error.what, f"{error.fix} {LONG}"))) <= MOST


def test_a_usual_message_is_whole():
    assert str(BertMagicError("what", "fix")) == "what\nfix"
    assert str(BertMagicError("w" * 999, "f" * 999)) == f"{'w' * 999}\n{'f' * 999}"


def test_a_list_of_long_names_is_short():
    assert listing([LONG, "b", "c"], 2) == f"{'x' * 100}…{'x' * 99}, b and 1 more"


def test_the_nearest_of_very_many_names_is_found_without_a_look_at_all(monkeypatch):
    looked_at = []
    original = difflib.get_close_matches

    def spy(word, possibilities, *args, **known):
        looked_at.append(len(possibilities))
        return original(word, possibilities, *args, **known)

    monkeypatch.setattr(difflib, "get_close_matches", spy)
    known = [f"column {at}" for at in range(100_000)]
    assert nearest("reviw", [*known, "review"]) == " Did you mean 'review'?"
    assert is_near("reviw", [*known, "review"])
    assert nearest(LONG, known) == ""
    assert max(looked_at) <= 5000
