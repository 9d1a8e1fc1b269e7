"""A real interrupt of `finetune` in a process of its own."""

import json
import subprocess
import sys

from .. import forks

INTERRUPTED = """
import json, os, signal, sys
import pandas as pd
import bertmagic as bm
from bertmagic.events import Phase, Step

rows = pd.DataFrame({"text": [f"a {w} film {i}" for i in range(60) for w in ("good", "bad")], "label": ["p", "n"] * 60})

def interrupt(when, steps):
    sent, after = [], []

    def listen(event):
        if sent:
            after.append(type(event).__name__)
        moment = {
            "step": isinstance(event, Step) and event.step == 7,
            "report": isinstance(event, Phase) and event.what.startswith("measuring"),
            "tokenizing": isinstance(event, Phase) and event.what.startswith("tokenizing"),
        }[when]
        if moment and not sent:
            sent.append(when)
            os.kill(os.getpid(), signal.SIGINT)

    known = {"max_steps": steps, "epochs": 1000, "eval_every": 3, "on_event": listen, "keep": "best", "show": False}
    try:
        bm.finetune(rows, model=sys.argv[1], name=when, **known)
    except bm.Interrupted as stop:
        result = {"after": after, "message": str(stop)}
        if stop.model is not None:
            result |= {"run": stop.model.card["run"], "steps": len(stop.model.history.steps)}
            result["label"] = stop.model.predict("a good film").frame["label"][0]
            result["again"] = bm.load(when).predict("a good film").frame["label"][0]
        return result

turns = {"tokenizing": 9, "step": 10**5, "report": 10}
print(json.dumps({when: interrupt(when, steps) for when, steps in turns.items()}))
"""


def test_a_real_interrupt_leaves_the_model_so_far(encoder, tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(encoder)]
    with forks.popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        printed, _ = process.communicate()
    assert process.returncode == 0
    stops = json.loads(printed)
    assert all("Step" not in stop["after"] for stop in stops.values())
    assert stops["tokenizing"]["message"] == "stopped before there was a model to keep."
    for when, step, best in (("step", 7, (3, 6)), ("report", 10, (3, 6, 9, 10))):
        stop = stops[when]
        assert (stop["run"]["reason"], stop["run"]["step"], stop["steps"]) == ("interrupted", step, step)
        assert stop["run"]["best_step"] in best
        assert stop["message"].startswith(f"stopped after step {step}; {when!r} has the weights of step ")
        assert stop["label"] == stop["again"]
