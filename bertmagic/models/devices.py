"""Where a model computes, and in which number format."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bertmagic.errors import DeviceError, is_out_of_memory, listing
from bertmagic.models.fast import allocator
from bertmagic.models.status import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch


FREE = "Choose a smaller model, or free memory: %bert_status shows what uses it, %bert_unload releases it."


def choose(name: str | None = None) -> torch.device:
    """Return the named device, or the fastest of this machine: CUDA, then Apple's MPS, then the CPU.

    Raises
    ------
    DeviceError
        If this machine has no such device; the message lists those it has.
    """
    import torch

    if name is None:
        return torch.device(names()[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or not _present(device):
        raise DeviceError(f"there is no device {name!r} here.", f"This machine has {listing(names())}.")
    return device


def names() -> list[str]:
    """Return the names of the devices of this machine, the fastest first."""
    import torch

    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def _present(device: torch.device) -> bool:
    if device.type == "cuda":
        return f"cuda:{device.index or 0}" in names()
    return str(device) in names()


def precision(wanted: str, device: torch.device) -> tuple[str, str]:
    """Return the number format for a device, and why it is that one.

    ``auto`` takes bf16 where the hardware multiplies in it, fp16 on older GPUs, and fp32 elsewhere.

    Raises
    ------
    DeviceError
        For fp16 on a CPU, where its gradients underflow and nothing is gained.
    """
    if wanted == "fp16" and device.type == "cpu":
        raise DeviceError("fp16 is of no use on a CPU: it is slow there.", 'Take precision = "auto", bf16 or fp32.')
    if wanted != "auto":
        return wanted, "as asked for"
    if device.type == "cuda":
        import torch

        major, minor = torch.cuda.get_device_capability(device)
        return ("bf16", "tensor cores") if major >= 8 else ("fp16", f"compute capability {major}.{minor} has no bf16")
    if device.type == "cpu" and (feature := _cpu_bf16()):
        return "bf16", f"this CPU has {feature}"
    return "fp32", "no bf16 in this hardware"


@cache
def _cpu_bf16() -> str:
    """Return the name of the CPU's bf16 instructions, or an empty string."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("flags")[2].split("\n")[0]
    except OSError:  # not Linux: no way to ask without running the instruction
        return ""
    known = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}
    return next((title for flag, title in known.items() if flag in flags.split()), "")


def autocast(device: torch.device, number_format: str) -> AbstractContextManager[object]:
    """Return the context in which matrix products are computed in the number format."""
    import torch

    if number_format == "fp32":
        return nullcontext()
    dtype = torch.bfloat16 if number_format == "bf16" else torch.float16
    return torch.autocast(device.type, dtype=dtype)


def used_memory(device: torch.device) -> int:
    """Return the bytes in use: those allocated on a GPU, else the resident memory of this process."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.memory_allocated(device))
    return process_memory()


def process_memory() -> int:
    """Return the resident memory of this process in bytes; its peak where the system does not report the present."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def release(device: torch.device | None = None) -> None:
    """Collect garbage, then give freed memory back; for where a model may be left in a reference cycle.

    That is after an error, whose traceback holds frames, and where a user lets a model go. A collection walks all
    objects of the process, a fifth of a second where PyTorch and transformers are loaded.
    """
    gc.collect()
    empty_cache(device)


def empty_cache(device: torch.device | None = None) -> None:
    """Give freed memory back to the system: of one device, or of all that are in use."""
    import torch

    allocator.trim()
    kind = device.type if device else ""
    if kind in ("cuda", ""):
        torch.cuda.empty_cache()
    if kind == "mps" or (not kind and torch.backends.mps.is_available()):
        torch.mps.empty_cache()


def send(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy values from the host to a device; to a GPU from pinned memory, so that the host need not wait for it."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values.to(device)


@contextmanager
def enough(device: torch.device, what: str, fix: str) -> Iterator[None]:
    """Turn an out-of-memory error of PyTorch into one of ours.

    Raises
    ------
    DeviceError
        That the memory does not hold ``what``.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceError(f"the memory of {device} does not hold {what}.", fix) from None


def random_state(device: torch.device) -> torch.Tensor:
    """Return where torch's random generator of a device stands, as bytes."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else torch.get_rng_state()


def set_random_state(device: torch.device, state: torch.Tensor) -> None:
    """Put torch's random generator of a device back to where `random_state` found it."""
    import torch

    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    elif device.type == "mps":
        torch.mps.set_rng_state(state)
    else:
        torch.set_rng_state(state)


def described() -> tuple[Device, ...]:
    """Return every device of this machine, the one that is chosen by itself first."""
    return tuple(_describe(choose(name)) for name in names())


def _describe(device: torch.device) -> Device:
    import torch

    number_format, why = precision("auto", device)
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return Device(str(device), torch.cuda.get_device_name(device), total, free, number_format, why)
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page
    threads = torch.get_num_threads()
    processor = f"CPU, {threads} thread{'s' * (threads > 1)}"
    title = processor if device.type == "cpu" else "Apple GPU, memory shared"
    return Device(str(device), title, total, _free(total), number_format, why)


def _free(total: int) -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return total - process_memory()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
