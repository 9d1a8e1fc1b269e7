"""Freed memory is kept while runs go on, and given back after the last of them."""

import os
import subprocess
import sys

import pytest

from bertmagic.models.fast import allocator


@pytest.fixture
def calls(monkeypatch):
    """What the C library is asked for, in order."""
    asked = []

    class Library:
        def mallopt(self, name, value):
            asked.append((name, value))

        def malloc_trim(self, pad):
            asked.append("trim")

    monkeypatch.setattr(allocator, "_c_library", Library)
    return asked


def test_the_last_to_leave_gives_back(calls):
    with allocator.kept():
        entered = list(calls)
        with allocator.kept():
            pass
        assert calls == entered == list(allocator._KEEPING.items())
    assert calls == [*entered, *allocator._USUAL.items(), "trim"]


def test_an_error_gives_back_too(calls):
    with pytest.raises(RuntimeError), allocator.kept():
        raise RuntimeError
    assert calls[-1] == "trim"


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with allocator.kept():
        assert allocator._c_library() is None


@pytest.mark.skipif(allocator._c_library() is None, reason="only glibc on Linux has the functions that this is about")
def test_pages_stay_in_the_process_and_then_go_back():
    """Forty blocks of a megabyte, freed: inside they stay resident, outside they do not."""
    code = """
from bertmagic.models.fast import allocator
from bertmagic.models.devices import process_memory
before = process_memory()
with allocator.kept():
    blocks = [bytearray(b"1") * (1 << 20) for _ in range(40)]
    keep = bytearray(b"1") * 1000  # above them, so that the heap's end stays where it is
    blocks.clear()
    inside = process_memory() - before
after = process_memory() - before
print(inside > 30 << 20, after < 10 << 20)
"""
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout.split() == ["True", "True"]
