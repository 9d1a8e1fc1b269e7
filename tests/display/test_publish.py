import io
import threading

import numpy as np
import pytest

from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.live.live_output import LiveOutput, Silent
from bertmagic.display.live.run_panel import RunPanel
from bertmagic.display.live.run_state import Run
from bertmagic.display.publish import listener, show, working
from bertmagic.events import Ended, Note, Phase

from .made import report
from .runs import Clock, Screen, ended, evaluated, started, step


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def screen(clock):
    return Screen(clock)


def most_in_a_second(times):
    return max(sum(start <= time < start + 1 for time in times) for start in times)


def test_a_first_frame_is_there_at_once(clock, screen):
    listener(clock=clock, screen=screen)
    assert len(screen.frames) == 1
    assert screen.last["text/html"]


def test_at_most_four_frames_a_second_whatever_comes(clock, screen):
    live = listener(clock=clock, screen=screen)
    live(started(10_000))
    for at in range(1, 10_001):
        clock.now += 0.005
        live(step(at, 10_000))
        live(evaluated(at, 10_000))
        live(Note("a note"))
        live(Phase(f"phase {at}"))
    live(ended(10_000))
    assert most_in_a_second(screen.times) <= 4
    assert len(screen.frames) > 100


def test_a_new_phase_is_shown_soon_after_the_frame_before(clock, screen):
    live = listener(clock=clock, screen=screen)
    clock.now = 0.01
    live(Phase("tokenizing"))
    assert "Tokenizing" in screen.last["text/html"]


def test_slow_drawing_takes_at_most_a_hundredth_of_the_time(clock):
    screen = Screen(clock, cost=0.02)
    live = listener(clock=clock, screen=screen)
    live(started(20_000))
    for at in range(1, 20_001):
        clock.now += 0.005
        live(step(at, 20_000))
    assert len(screen.frames) * 0.02 <= 0.012 * clock.now


def test_the_last_frame_is_always_shown_and_final(clock, screen):
    live = listener(clock=clock, screen=screen)
    live(started(5))
    for at in range(1, 6):
        live(step(at, 5))
    live(ended(5))
    assert MIMETYPE in screen.stayed[0]
    assert "Finished after all 5 steps" in screen.last["text/plain"]
    many = len(screen.frames)
    clock.now += 100
    live(Note("too late"))
    live.close(ValueError("too late"))
    assert len(screen.frames) == many


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no such column"), "Stopped by an error (ValueError)"),
        (KeyboardInterrupt(), "Stopped by an interrupt"),
        (None, "Stopped before the end"),
    ],
)
def test_closing_makes_the_last_frame_final(clock, screen, error, expected):
    live = listener(clock=clock, screen=screen)
    live(started(5))
    live(step(1, 5))
    live.close(error)
    assert expected in screen.last["text/plain"]
    assert expected in screen.last["text/html"]
    assert "no such column" not in str(screen.last)  # the cell says it
    assert "time left" not in screen.last["text/html"]


def test_an_error_of_drawing_never_reaches_the_training(clock):
    class Broken:
        def show(self, bundle):
            raise OSError("no front end")

    live = listener(clock=clock, screen=Broken())
    live(started(5))
    live(step(1, 5))
    live("no event")
    live(ended(5))
    live.close()


def test_the_stop_button_is_not_swallowed(clock):
    class Stopped:
        def show(self, bundle):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listener(clock=clock, screen=Stopped())


def test_short_work_shows_nothing(clock, screen):
    live = listener(delay=2.0, clock=clock, screen=screen)
    live(Phase("predicting", 10, 100))
    clock.now = 1.9
    live(Phase("predicting", 90, 100))
    live.close()
    assert screen.frames == []


def test_long_work_shows_a_bar_that_goes_with_it(clock, screen):
    live = listener(delay=2.0, clock=clock, screen=screen)
    for done in range(100):
        clock.now += 0.05
        live(Phase("predicting", done, 100))
    assert "progressbar" in screen.last["text/html"]
    assert "Predicting: 9" in screen.last["text/plain"]
    live(Phase("predicting", 100, 100))
    live.close()
    assert screen.last == {}


def test_without_events_there_is_a_frame_a_second_until_the_last(clock, screen):
    live = listener(clock=clock, screen=screen)
    live(started(5))
    live(step(1, 5))
    for _ in range(100):
        clock.now += live.tick()
    assert 99 <= len(screen.frames) <= 101
    assert len({frame["text/plain"] for frame in screen.frames}) == len(screen.frames)  # each tells of another second
    assert "Step 2 since" in screen.last["text/plain"]
    assert ", for 1 min 3" in screen.last["text/plain"] or ", for 1 min 4" in screen.last["text/plain"]
    live(ended(5))
    many = len(screen.frames)
    clock.now += 5
    assert live.tick() is None
    assert len(screen.frames) == many


def test_short_work_ticks_when_its_first_sign_is_due(clock, screen):
    live = listener(delay=0.2, clock=clock, screen=screen)
    live(Phase("reading the data"))
    assert screen.frames == []
    clock.now += live.tick()
    live.tick()
    assert screen.frames[0]["text/plain"].startswith("Reading the data …, since ")


def test_a_thread_lets_it_tick_and_ends_with_it():
    shown, again = [], threading.Event()

    class Counted:
        def show(self, bundle):
            shown.append(threading.current_thread().name)
            if len(shown) == 2:
                again.set()

        def below(self, bundle):
            pass

    live = listener(screen=Counted())
    assert again.wait(60)
    assert shown[:2] == ["MainThread", "bertmagic ticks"]
    thread = next(thread for thread in threading.enumerate() if thread.name == "bertmagic ticks")
    live.close()
    thread.join(60)
    assert not thread.is_alive()


def test_work_within_work_has_one_bar(monkeypatch):
    made = []
    monkeypatch.setattr("bertmagic.display.publish.listener", lambda *given, **known: made.append(Silent()) or made[-1])
    with working() as outer, working() as inner:
        assert inner is outer
    with working():
        pass
    assert len(made) == 2


def test_earlier_notes_have_a_place_that_changes_only_with_them(clock):
    frames, beside = Screen(clock), Screen(clock)
    live = LiveOutput(RunPanel(Run(clock), apart=True), frames, clock, aside=beside)
    live(started(50))
    for at in range(1, 41):
        clock.now += 1
        live(step(at, 50))
        if at % 5 == 0:
            live(Note(f"note {at // 5} of 8"))
    assert len(beside.frames) == 3  # for the notes 6, 7, 8
    assert [f"note {at} of 8" in beside.last["text/html"] for at in range(1, 9)] == [True] * 3 + [False] * 5
    assert not any("details" in frame["text/html"] for frame in frames.frames)
    live(ended(50))
    assert MIMETYPE in beside.last  # so that the curves stay in their place
    assert [f"note {at} of 8" in frames.stayed[0]["text/html"] for at in range(1, 9)] == [True] * 8


def test_a_result_stands_below_the_panel(clock, screen):
    live = listener(clock=clock, screen=screen)
    live.below(report(("no", "yes"), np.eye(2, dtype=int)))
    assert [set(shown) for shown in screen.stayed] == [{"text/plain", "text/html"}]


def test_an_error_of_drawing_a_result_is_no_error_of_the_run(clock, screen):
    listener(clock=clock, screen=screen).below("no result")
    assert screen.stayed == []


def test_silence():
    live = listener(silent=True)
    live(ended(1))
    live.close()
    assert isinstance(live, Silent)


def test_out_of_a_notebook_a_result_is_printed(capsys):
    show(report(("no", "yes"), np.eye(2, dtype=int)))
    assert "2 rows measured" in capsys.readouterr().out


def test_out_of_a_notebook_a_run_is_lines_on_stderr(capsys):
    live = listener()
    live(started(2))
    live(step(1, 2))
    live(Ended("finished", 2, 2, 1.0, 64, 10, 10))
    captured = capsys.readouterr()
    assert "Finished" in captured.err
    assert captured.out == ""


def test_a_stream_that_lacks_characters_gets_question_marks(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    show(report(("é", "yes"), np.eye(2, dtype=int)))
    stream.flush()
    assert b"?" in stream.buffer.getvalue()
