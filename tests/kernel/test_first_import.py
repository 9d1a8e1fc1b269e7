"""While a kernel imports PyTorch and the others for the first time, it shows a sign and can be interrupted."""

import threading

import pytest

from .client import SETUP, Kernel, finetune

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::ResourceWarning")]

CELLS = {
    "finetune": finetune("first", steps=1, every=1),
    "tune": """%%bert_tune found
train = reviews
label = "mood"
model = "tinybert"
lr = log(1e-4, 1e-3)
max_steps = 1
trials = 1""",
    "predict": '%bert_predict "a good film" -m trained',
}
"""Cells that import what they need."""

MOMENTS = [0.1 + 0.25 * at for at in range(12)]
"""Seconds after which the interrupt comes: until all is imported, on a machine of today."""


@pytest.fixture(scope="module")
def forked_kernels():
    """Kernels that import all themselves."""


@pytest.fixture(scope="module")
def trained(workplace, env):
    kernel = Kernel(workplace, env)
    kernel.good(SETUP)
    kernel.good(finetune("trained", steps=1, every=1))
    kernel.close()


def interrupted(workplace, env, name, moment):
    kernel = Kernel(workplace, env)
    try:
        kernel.good(SETUP)
        request = kernel.send(CELLS[name])
        timer = threading.Timer(moment, kernel.interrupt)
        timer.start()
        (cell,) = kernel.collect(request)
        timer.join()
        if cell.status == "error":
            assert cell.reply["ename"] in ("Interrupted", "KeyboardInterrupt"), cell.error
        kernel.good("1 + 1")
        return kernel.good(CELLS[name])
    finally:
        kernel.close()


def test_the_next_cell_works(workplace, env):
    interrupted(workplace, env, "finetune", 0.6)


PROBE = """
import sys
torch_at_each_sign = []

def _look(message):
    torch_at_each_sign.append("torch" in sys.modules)
    return message

get_ipython().display_pub.register_hook(_look)
"""


def test_the_panel_shows_a_sign_before_torch_is_imported(workplace, env):
    kernel = Kernel(workplace, env)
    try:
        kernel.good("%load_ext bertmagic")
        kernel.good(PROBE)
        cell = kernel.good("%bert_panel reviews.json --text review --label mood --model tinybert")
        assert kernel.value("torch_at_each_sign[0], torch_at_each_sign[-1]") == (False, True)
        first, *later = cell.panel
        assert first.text.startswith("Working")
        assert all(frame.update for frame in later)  # the static state takes its place
        assert later[-1].text.startswith("Panel for fine-tuning")
    finally:
        kernel.close()


@pytest.mark.soak
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_cell_works_at_every_moment(workplace, env, trained, name, moment):
    interrupted(workplace, env, name, moment)
