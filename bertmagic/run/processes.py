"""Which process a run belongs to, and whether that process still exists, whatever the clock says meanwhile."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROC = Path("/proc")


def this_process() -> dict[str, Any]:
    """Return what identifies this process: host, process id, and when it started.

    An id alone does not: after a restart another process may have it, most of all in a container. ``since`` is a time
    of the clock, which may be set anew; Linux also counts the start in ticks since the machine was started (``boot``).
    """
    import psutil

    known = {"host": platform.node(), "pid": os.getpid(), "since": psutil.Process().create_time()}
    return known | _of_linux() | ({} if (ticks := _ticks(os.getpid())) is None else {"ticks": ticks})


def _of_linux() -> dict[str, str]:
    """Return the start of the machine and the namespace of process ids, which a container has of its own."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return {"boot": boot, "namespace": os.readlink(_PROC / "self/ns/pid")}  # noqa: PTH115 - it names no file
    except OSError:
        return {}


def _ticks(pid: int) -> int | None:
    """Return when a process started, in ticks since the start of the machine; None if it has ended, or on no Linux."""
    try:
        # Behind the name, which may have spaces and brackets: the state, and 19 fields later the start; see proc(5).
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def is_here(process: Mapping[str, Any]) -> bool:
    """Whether a process was one of this machine and container; what names no host is taken to be."""
    namespace = _of_linux().get("namespace")
    if namespace and process.get("namespace", namespace) != namespace:
        return False
    return process.get("host") in (None, "", platform.node())


def is_gone(process: Mapping[str, Any]) -> bool:
    """Whether a process of this machine has ended; False for one of another machine, as nothing is known about it."""
    import psutil

    if not is_here(process):
        return False
    try:
        pid = int(process["pid"])
        if "ticks" in process and (boot := _of_linux().get("boot")):
            return process.get("boot") != boot or _ticks(pid) != process["ticks"]
        return abs(float(psutil.Process(pid).create_time()) - float(process["since"])) > 1
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return True
