import os
import signal
import threading

import pytest

from bertmagic.run.stopping import Stop, StopButton


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
