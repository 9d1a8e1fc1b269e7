"""Memory that is freed in one step and allocated again in the next.

On Linux the C library returns every large block to the system as soon as it is freed, and the system clears each page
before the block can be used again. Training frees and allocates the same gigabytes in every step, which costs a tenth
to a fifth of its time. During a run the blocks are kept instead, and returned at its end.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # of mallopt(3)
_KEEPING = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1}
_USUAL = {_MMAP_MAX: 65536, _MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 64 << 20}
"""The C library's defaults; the thresholds, in bytes, are those that its own adjustment ends at as blocks are freed."""

_lock = threading.Lock()
_runs = 0


@contextmanager
def kept() -> Iterator[None]:
    """Keep freed memory in the process until the last block that entered here ends; on Linux only."""
    _enter(1)
    try:
        yield
    finally:
        _enter(-1)


def trim() -> None:
    """Give freed memory back to the system."""
    library = _c_library()
    if library is not None:
        library.malloc_trim(0)


def _enter(count: int) -> None:
    global _runs
    with _lock:
        before, _runs = _runs, _runs + count
        if not (before and _runs):
            _set(_KEEPING if _runs else _USUAL)
    if not _runs:
        trim()


def _set(thresholds: dict[int, int]) -> None:
    library = _c_library()
    if library is not None:
        for name, value in thresholds.items():
            library.mallopt(name, value)


def _c_library() -> ctypes.CDLL | None:
    """Return the C library if it is one with these functions: glibc."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
