import pytest

from bertmagic.display import bundle
from bertmagic.errors import DataError

from ..runs import HOSTILE
from ..tags import Tags


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (DataError("no column 'x'.", "Choose one."), ["DataError: no column 'x'.", "Choose one."]),
        (DataError("1\n2\n3", "4"), ["DataError: 1", "2", "3"]),
        (ValueError("wrong\nmore"), ["ValueError: wrong more", "The job's wait() raises it, with its whole trace."]),
        (KeyError(), ["KeyError: ", "The job's wait() raises it, with its whole trace."]),
    ],
)
def test_an_error_is_one_to_three_lines(error, lines):
    assert bundle(error)["text/plain"].splitlines() == lines


def test_it_is_an_alert_and_text_stays_text():
    shown = Tags(bundle(ValueError(HOSTILE))["text/html"])
    assert "img" not in shown.tags
    assert 'role="alert"' in bundle(ValueError(HOSTILE))["text/html"]
