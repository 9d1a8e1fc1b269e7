"""Paths that users name: what cannot be one is refused in one message."""

import os
from pathlib import Path

import pytest

from bertmagic.disk import paths
from bertmagic.errors import OptionError


class Raising(os.PathLike):
    def __fspath__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("~nobody_here/x", "there is no user 'nobody_here' on this machine"),
        ("~nobody_here", "there is no user 'nobody_here' on this machine"),
        ("a\0b", "it has a NUL character"),
        (Path("a\0b"), "it has a NUL character"),
        ("a\ud800b", "it has half a character"),
        ("x" * 256, "a name in it is longer than 255 bytes"),
        ("ä" * 128, "a name in it is longer than 255 bytes"),
        ("/".join(["x"] * 3000), "or all of it than 4,080"),
        ("", "is not a path"),
        (b"x", "is not a path"),
        (5, "is not a path"),
        (None, "is not a path"),
    ],
    ids=lambda value: repr(value)[:40].encode("ascii", "replace").decode(),
)
def test_what_no_file_can_have_is_one_short_error(given, why):
    with pytest.raises(OptionError, match=why) as caught:
        paths.path(given, "save_to")
    assert str(caught.value).startswith("save_to = ")
    assert len(str(caught.value)) < 500


def test_a_path_is_as_it_was_typed_with_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.path("~/x") == tmp_path / "x"
    assert paths.path(Path("a") / "b") == Path("a/b")
    assert paths.path("ä" * 127) == Path("ä" * 127)
    assert paths.path(b"rev\xff.csv".decode("utf-8", "surrogateescape")).name.endswith(".csv")
    assert not paths.can_be_path("x" * 300)
    assert paths.can_be_path("x" * 200)


def test_the_code_of_a_user_raises_its_own_error():
    with pytest.raises(ZeroDivisionError):
        paths.path(Raising())
