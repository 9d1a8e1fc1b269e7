import subprocess
import sys

import pytest

from bertmagic.display import bundle


def test_importing_it_is_light():
    heavy = ["torch", "transformers", "pandas", "numpy", "plotly", "IPython", "datasets"]
    program = f"import sys, bertmagic.display.publish; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_panel_needs_neither_plotly_nor_ipython_nor_pandas():
    program = (
        "import sys; from bertmagic.display.charts import figures\n"
        "from bertmagic.display.live import run_panel, terminal\n"
        "print([name for name in 'torch pandas numpy plotly IPython'.split() if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_is_no_result_is_refused():
    with pytest.raises(TypeError, match="int is not a result of bertmagic"):
        bundle(3)
