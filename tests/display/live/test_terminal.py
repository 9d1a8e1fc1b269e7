import io

import pytest

from bertmagic.display.live.terminal import Lines
from bertmagic.events import Note, Phase

from ..runs import Clock, ended, evaluated, started, step


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


def train(lines, clock, steps=1000):
    lines(Phase("tokenizing", 0, 100))
    lines(Note("label was inferred"))
    lines(started(steps))
    for at in range(1, steps + 1):
        clock.now += 0.25
        lines(step(at, steps))
        if at == steps // 2:
            lines(evaluated(at, steps))
    lines(ended(steps, steps // 2))


def test_a_log_has_few_lines(clock):
    stream = io.StringIO()
    train(Lines(stream, clock), clock)
    output = stream.getvalue()
    assert "\r" not in output
    assert len(output.splitlines()) < 30
    for words in (
        "Tokenizing",
        "Note: label was inferred",
        "(10.0 %)",
        "validation at step 500",
        "Finished after all 1,000",
    ):
        assert words in output


def test_a_terminal_has_one_line_that_is_rewritten(clock):
    stream = Terminal()
    train(Lines(stream, clock), clock)
    assert stream.getvalue().count("\r") > 100
    assert stream.getvalue().count("\n") < 12
    assert "Finished" in stream.getvalue()


def test_an_error_is_told(clock):
    stream = io.StringIO()
    lines = Lines(stream, clock)
    lines(started(10))
    lines.close(ValueError("bad"))
    lines.close()
    assert stream.getvalue().count("Stopped by an error (ValueError)") == 1


def test_short_work_tells_nothing(clock):
    stream = Terminal()
    lines = Lines(stream, clock, delay=2.0)
    lines(Phase("predicting", 1, 10))
    lines.close()
    assert stream.getvalue() == ""


def test_long_work_leaves_a_clean_line(clock):
    stream = Terminal()
    lines = Lines(stream, clock, delay=2.0)
    clock.now = 3.0
    lines(Phase("predicting", 1, 10))
    lines.close()
    assert "Predicting: 1 of 10 rows" in stream.getvalue()
    assert stream.getvalue().rsplit("\r", 1)[1] == ""


def test_a_closed_stream_does_not_end_the_training(clock):
    stream = io.StringIO()
    lines = Lines(stream, clock)
    stream.close()
    train(lines, clock, 10)
