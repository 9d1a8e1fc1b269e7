import math
import pickle
import re

import pytest

from bertmagic.display.live.run_state import Run, Smooth
from bertmagic.display.live.run_words import phase_line, position, speed, state, summary_lines
from bertmagic.events import Note, Phase

from ..runs import Clock, ended, evaluated, started, step


@pytest.fixture
def run():
    return Run(Clock())


def test_smoothing_has_no_bias_at_the_start():
    smooth = Smooth(100)
    assert smooth.add(2.0) == pytest.approx(2.0)
    assert smooth.add(math.nan) == pytest.approx(2.0)
    for _ in range(1000):
        smooth.add(1.0)
    assert smooth.add(1.0) == pytest.approx(1.0, abs=0.01)


def test_the_time_left_follows_the_recent_rate_and_not_one_slow_step(run):
    run.take(started(1000))
    for at in range(1, 501):
        run.take(step(at, 1000, 0.2))
    assert run.left == pytest.approx(100, rel=0.02)
    slow = step(501, 1000, 0.2)
    run.take(type(slow)(**{**{name: getattr(slow, name) for name in slow.__slots__}, "seconds": 160.0}))
    assert run.left == pytest.approx(100, rel=0.05)


def test_the_time_left_has_room_for_evaluations(run):
    run.take(started(1000))
    pause = 0.0
    for at in range(1, 501):
        one = step(at, 1000, 0.2)
        run.take(type(one)(**{**{name: getattr(one, name) for name in one.__slots__}, "seconds": at * 0.2 + pause}))
        if at % 100 == 0:
            run.take(evaluated(at, 1000))
            pause += 2.0
    assert run.left == pytest.approx(108, rel=0.03)


def test_steps_told_of_in_bursts_have_the_same_rate(run):
    run.take(started(1000))
    for at in range(1, 501):
        one = step(at, 1000)
        seconds = math.ceil(at / 10) * 10 * 0.2
        run.take(type(one)(**{**{name: getattr(one, name) for name in one.__slots__}, "seconds": seconds}))
    assert run.left == pytest.approx(100, rel=0.3)
    assert run.rate()[0] == pytest.approx(160, rel=0.1)


def test_no_time_left_is_told_before_it_is_known(run):
    run.take(started(10))
    run.take(step(1, 10))
    assert "time left not known yet" in position(run)


@pytest.mark.parametrize(
    ("phase", "seconds", "words"),
    [
        (Phase("reading the data"), 0.0, "Reading the data …"),
        (Phase("tokenizing", 12_000, 48_000), 1.0, "Tokenizing: 12,000 of 48,000 rows (25.0 %)"),
        (
            Phase("downloading model.safetensors", 40_000_000, 90_000_000, "bytes"),
            4.0,
            "Downloading model.safetensors: 40 MB of 90 MB (44.4 %), about 5 s left",
        ),
        (Phase("reading", 5), 3.0, "Reading: 5 rows, 3 s"),
    ],
)
def test_a_phase_in_words(phase, seconds, words):
    assert phase_line(phase, seconds) == words


def test_losses_that_are_no_numbers_are_told(run):
    run.take(started(10))
    for at in range(1, 5):
        run.take(step(at, 10, loss=math.nan if at > 2 else 0.5))
    assert "the loss was not a number in 2 steps" in "\n".join(summary_lines(run))


def test_the_words_are_at_most_ten_lines(run):
    run.take(started(100))
    for at in range(1, 101):
        run.take(step(at, 100))
        run.take(evaluated(at, 100))
        run.take(Note(f"note {at}", warning=True))
    assert len(summary_lines(run)) <= 10
    run.take(ended(100, 60))
    assert len(summary_lines(run)) <= 10
    assert re.findall(r"\d+(?:\.\d+)?", state(run)) == ["100", "25", "60"]
    assert state(run).startswith("Finished")
    assert "8.3 % padding" in speed(run)


def test_a_long_run_is_held_in_as_much_as_a_short_one(run):
    run.take(started(100_000))
    sizes = []
    for at in range(1, 100_001):
        run.take(step(at, 100_000))
        if at in (5_000, 100_000):
            sizes.append(len(pickle.dumps(run)))
    assert sizes[1] < 2 * sizes[0]  # of twenty times as many; what an event costs is measured by benchmarks/loading.py
