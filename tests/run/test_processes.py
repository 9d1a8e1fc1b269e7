"""A process is known by what no clock changes."""

import json
import os
import subprocess
import sys

import psutil
import pytest

import bertmagic as bm
from bertmagic.run import processes
from bertmagic.run.processes import is_gone, is_here, this_process
from bertmagic.run.recorder import RunRecorder

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems keep the start as a time")


@linux
@pytest.mark.parametrize("step", [-86_400, -2, 2, 3600, 10**9])
def test_a_running_run_stays_one_when_the_clock_is_set(step, monkeypatch):
    """psutil counts the start of a process from the start of the machine, as a time."""
    RunRecorder("mine", {}, {})
    me, real = this_process(), psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: real(self) + step)
    assert not is_gone(me)
    assert bm.runs().records[0].state == "running"


@linux
def test_a_process_that_ended_is_gone_whatever_the_clock_says():
    code = "import json; from bertmagic.run.processes import this_process; print(json.dumps(this_process()))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert is_gone(json.loads(out))


@linux
def test_a_process_that_ended_and_was_not_waited_for_is_gone():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as child:
        known = this_process() | {"pid": child.pid, "ticks": processes._ticks(child.pid)}
        assert not is_gone(known)
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(known)


@linux
@pytest.mark.parametrize("change", [{"ticks": 1}, {"ticks": None}, {"boot": "another start"}, {"pid": 2**22 + 1}])
def test_another_process_or_another_start_of_the_machine_is_gone(change):
    assert is_gone(this_process() | change)


def test_of_another_machine_or_container_nothing_is_known():
    for change in ({"host": "elsewhere"}, {"namespace": "pid:[1]"}):
        other = this_process() | {"pid": 2**22 + 1} | change
        if "host" in change or "namespace" in this_process():
            assert not is_here(other)
            assert not is_gone(other)


def test_a_record_of_an_earlier_version_goes_by_the_time():
    earlier = {name: this_process()[name] for name in ("host", "pid", "since")}
    assert not is_gone(earlier)
    assert is_gone(earlier | {"since": earlier["since"] - 5})


@pytest.mark.parametrize(
    "odd", [{}, {"pid": "me"}, {"pid": None, "ticks": []}, {"pid": 10**30, "since": "x"}, {"pid": -1, "ticks": 3}]
)
def test_what_is_no_process_is_gone(odd):
    assert is_gone(odd)
