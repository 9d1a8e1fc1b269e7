"""Hours of a notebook: a thousand cells of all magics, a hundred interrupts, two kernels on one folder."""

import random
import threading
import time
from functools import partial

import pytest

from .client import SETUP, Kernel, finetune, in_thread

pytestmark = [
    pytest.mark.kernel, pytest.mark.soak, pytest.mark.timeout(3 * 3600),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip

COUNTING = """
import bertmagic as bm
import gc, sys
from bertmagic.models import devices

room = [sys.intern(f"a name of its own {number}") for number in range(50_000)]
"""

CELLS = {
    "finetune": finetune("trained", steps=2, every=1),
    "pretrain": """%%bert_pretrain spoken
train = reviews
text = "review"
model = "tinybert"
max_steps = 2
batch_size = 4""",
    "tune": """%%bert_tune best
train = reviews
label = "mood"
model = "tinybert"
lr = log(1e-4, 1e-3)
max_steps = 2
trials = 1""",
    "predict": '%bert_predict "a good film" "a bad film" -m trained',
    "predict rows": "%bert_predict reviews --text review -m trained",
    "fill": '%bert_fill "a [MASK] film" -m spoken',
    "similar": '%bert_similar "a good film" "a bad film" "the plot" -m trained',
    "attention": '%bert_attention "the film was good" -m trained',
    "evaluate": "%bert_evaluate reviews -m trained",
    "compare": "%bert_compare trained majority --data reviews",
    "data": "%bert_data reviews --text review --label mood -m tinybert",
    "models": "%bert_models",
    "load": "%bert_load trained",
    "unload": "%bert_load trained\n%bert_unload trained",
    "save": "%bert_save trained saved",
    "runs": "%bert_runs",
    "status": "%bert_status",
    "panel": "%bert_panel reviews --text review --label mood -m tinybert",
    "help": "%bert_predict?",
    "unknown flag": '%bert_predict "a good film" --nothing',
    "unknown name": '%bert_predict "a good film" -m nobody',
    "bad body": "%%bert_finetune trained\ntrain = nothing\nlabel = 3",
}
"""A cell of each magic, and some that end in an error of ours."""

CLEAR = """get_ipython().run_line_magic("reset", "-f out")
get_ipython().history_manager.outputs.clear()
gc.collect(); devices.release()"""

WRONG = {"unknown flag", "unknown name", "bad body"}
FIRST = ("finetune", "pretrain", "tune")
OURS = {"OptionError", "UnknownReference", "DataError", "ModelError", "Interrupted", "KeyboardInterrupt"}


@pytest.fixture
def ready(workplace, env):
    """A kernel in which each model of `CELLS` exists."""
    kernel = Kernel(workplace, env)
    kernel.good(SETUP + COUNTING)
    for name in FIRST:
        kernel.good(CELLS[name])
    yield kernel
    kernel.close()


def check(name, cell):
    """A cell does what it says, or shows one error of ours."""
    if name in WRONG:
        assert cell.status == "error"
        assert cell.reply["ename"] in OURS, (name, cell.error)
    else:
        assert cell.status == "ok", (name, cell.error)


def test_a_thousand_cells_of_all_magics_leave_nothing(ready):
    """IPython keeps the results of all cells, as objects and as what was shown; so the notebook clears them."""
    draws, sizes = random.Random(1), []
    names = list(CELLS)
    for number in range(1000):
        name = names[number % len(names)] if number < 100 else draws.choice(names)
        check(name, ready.run(CELLS[name]))
        if number % 50 == 49:
            ready.good(CLEAR)
            sizes.append(ready.value("devices.process_memory()"))
            print(f"after {number + 1} cells: {sizes[-1]:,} bytes", flush=True)
    assert sizes[-1] <= 1.02 * sizes[1], sizes


def test_after_a_hundred_interrupts_at_random_moments_the_next_cell_works(ready):
    draws = random.Random(2)
    names = [name for name in CELLS if name not in WRONG]
    seconds = {}
    for name in names:
        begun = time.monotonic()
        check(name, ready.run(CELLS[name]))
        seconds[name] = time.monotonic() - begun
    stopped = lost = 0
    for number in range(100):
        name = names[number % len(names)]
        cell = ready.interrupted(CELLS[name], draws.random() * seconds[name])
        lost += not cell.reply
        if cell.reply and cell.status == "error":
            stopped += 1
            assert cell.reply["ename"] in ("Interrupted", "KeyboardInterrupt"), (name, cell.error)
        check(name, ready.run(CELLS[name]))
        print(f"{number + 1} {name}: {stopped} interrupted, {lost} without a reply", flush=True)
    assert stopped > 20


def test_two_kernels_share_a_folder_for_ten_minutes(workplace, env, ready):
    """Both train, predict, search and list; a name that the other one is using is refused, and nothing else fails."""
    other = Kernel(workplace, env)
    other.good(SETUP)
    errors, counts = [], [0, 0]
    until = time.monotonic() + 600

    def work(kernel, at):
        draws = random.Random(at)
        while time.monotonic() < until and not errors:
            name = draws.choice([name for name in CELLS if name not in WRONG | {"unload"}])
            cell = kernel.run(CELLS[name])
            counts[at] += 1
            text = "\n".join(cell.error)
            if cell.status == "error" and not ("another" in text or "is being" in text or "process" in text):
                errors.append((name, text))

    both = enumerate((ready, other))
    threads = [threading.Thread(target=in_thread, args=[partial(work, kernel, at)]) for at, kernel in both]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        other.close()
    print("cells of each kernel:", counts)
    assert not errors, errors
    check("predict", ready.run(CELLS["predict"]))
