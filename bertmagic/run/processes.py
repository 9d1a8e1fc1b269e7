"""Which process a run belongs to, and whether that process still exists."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any


def this_process() -> dict[str, Any]:
    """Return what identifies this process: host, process id, and when it started.

    An id alone does not: after a restart another process may have it, most of all in a container.
    """
    import psutil

    return {"host": platform.node(), "pid": os.getpid(), "since": psutil.Process().create_time()}


def is_here(process: Mapping[str, Any]) -> bool:
    """Whether a process was one of this machine; what names no host is taken to be."""
    return process.get("host") in (None, "", platform.node())


def is_gone(process: Mapping[str, Any]) -> bool:
    """Whether a process of this machine has ended; False for one of another machine, as nothing is known about it."""
    import psutil

    if not is_here(process):
        return False
    try:
        since = float(psutil.Process(int(process["pid"])).create_time())
        return abs(since - float(process["since"])) > 1
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return True
