"""What ``import bertmagic`` offers, and what it costs."""

import subprocess
import sys

import pytest

import bertmagic as bm

HEAVY = ("torch", "transformers", "datasets", "pandas", "numpy", "plotly", "ipywidgets", "anywidget", "IPython")


def test_all_is_sorted_and_each_name_is_there():
    assert bm.__all__ == sorted(bm.__all__)
    for name in bm.__all__:
        assert getattr(bm, name) is not None
        assert name in dir(bm)


def test_public_functions_have_a_docstring_and_their_home():
    for name in bm.__all__:
        member = getattr(bm, name)
        assert member.__doc__
        assert (getattr(member, "__module__", None) or member.__name__).startswith("bertmagic")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'bertmagic' has no attribute 'finetun'"):
        _ = bm.finetun


def test_import_is_light():
    code = f"import sys, bertmagic; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_options_and_the_errors_are_light_too():
    code = f"import sys, bertmagic.options, bertmagic.api; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
