"""The rule: no exception but ours leaves a magic or a function, except what the user's own code raised."""

import warnings

from hypothesis import HealthCheck, core, settings

from bertmagic.errors import MOST, BertMagicError, Interrupted

from .odd import Own


def quick(examples):
    """Return the settings of a test: the same examples each time, or those of ``--hypothesis-seed``."""
    return settings(
        max_examples=examples, derandomize=core.global_force_seed is None, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=True,
    )  # fmt: skip


def answers(function, *args, **known):
    """Call a function that may answer or raise an error of bertmagic; return its answer, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args, **known)
        except Own:
            return None
        except (BertMagicError, Interrupted) as error:
            check(error)
            return None


def check(error):
    """Assert that an error is one short message, in which every character is seen."""
    text = str(error)
    assert text.strip()
    assert len(text) <= MOST
    text.encode()
    assert "\0" not in text
    assert "\x1b" not in text
