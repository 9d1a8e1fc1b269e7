import importlib
import os
import signal
import sys
import threading

import pytest

from bertmagic.run.stopping import Stop, StopButton, Uninterrupted, WholeImports


@pytest.fixture(autouse=True)
def handled():
    """Python's own handler: a process that a shell starts in the background ignores interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_press_asks_and_the_second_insists():
    with StopButton() as button:
        button.check()
        press()
        assert button.pressed
        with pytest.raises(Stop):
            button.check()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_the_handler_of_before_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with StopButton():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
    with pytest.raises(KeyboardInterrupt):
        press()


def test_another_thread_gets_a_button_without_a_signal():
    presses = []

    def work():
        with StopButton() as button:
            presses.append(button.pressed)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert presses == [False]


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """A function that imports a module which presses while it and a module within it are imported."""
    (tmp_path / "outer_one.py").write_text(
        "import os, signal\nimport inner_one\nfor _ in range(3):\n    os.kill(os.getpid(), signal.SIGINT)\nend = 1\n"
    )
    (tmp_path / "inner_one.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\n"
                                           "time.sleep(0.1)\nend = 1\n")  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda: importlib.import_module("outer_one")
    for name in ("outer_one", "inner_one"):
        sys.modules.pop(name, None)


def wait():
    for _ in range(200):
        threading.Event().wait(0.05)
    pytest.fail("the interrupt was never answered")


@pytest.mark.parametrize("button", [False, True])
def test_an_interrupt_waits_for_the_import_and_is_answered_then(imported, button):
    before, steps = signal.getsignal(signal.SIGINT), []

    @WholeImports()
    def work():
        pressed = StopButton()
        if button:
            pressed.press()
        with pressed:
            imported()
            steps.append("imported")
            wait()

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["imported"]
    assert all(sys.modules[name].end for name in ("outer_one", "inner_one"))
    assert signal.getsignal(signal.SIGINT) == before


def test_an_interrupt_that_still_waits_is_answered_at_the_end_of_the_block(imported):
    with pytest.raises(KeyboardInterrupt), WholeImports():
        imported()
    assert sys.modules["outer_one"].end


def test_an_interrupt_outside_of_imports_is_answered_at_once():
    steps = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117 - the second line must not run
        with WholeImports(), WholeImports():
            press()
            steps.append("went on")
    assert steps == []


def test_what_is_itself_imported_can_be_interrupted(tmp_path, monkeypatch):
    (tmp_path / "a_script.py").write_text(
        "import os, signal\nfrom bertmagic.run.stopping import WholeImports\n"
        "with WholeImports():\n    os.kill(os.getpid(), signal.SIGINT)\n    went_on = 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        importlib.import_module("a_script")


def test_another_thread_imports_without_a_handler(imported):
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with WholeImports():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_interrupt_waits_for_the_end_of_a_block():
    before, steps = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what follows the block must not run
        with Uninterrupted(), Uninterrupted():
            press()
            steps.append("the block")
        steps.append("more")
    assert steps == ["the block"]
    assert signal.getsignal(signal.SIGINT) == before
    with StopButton() as button:
        with Uninterrupted():
            press()
            assert not button.pressed
        assert button.pressed
