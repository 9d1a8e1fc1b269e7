"""The devices of this machine, its memory and the models held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.results.job import where
from bertmagic.display.style import columns, line, million, size
from bertmagic.display.writers.elements import Cell, box, paragraph, table

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.models.status import Device, Held, Status

_DEVICES = ["device", "name", "free", "memory", "precision", "why"]
_HELD = ["model", "task", "encoder", "parameters", "size", "device", "precision"]


def text(result: Status) -> str:
    """Return the status in words."""
    parts = columns([_DEVICES, *map(_device, result.devices)], left=(0, 1, 4, 5))
    held = columns([_HELD, *map(_held, result.held)], left=(0, 1, 2, 5, 6)) if result.held else [_NONE]
    return "\n".join([*parts, "", *held, *_jobs(result), "", *_around(result)])


_NONE = "No model is held."


def _device(device: Device) -> list[str]:
    memory = [size(device.free), size(device.memory)]
    return [line(device.name, 20), line(device.title, 60), *memory, line(device.precision, 20), line(device.why, 160)]


def _held(held: Held) -> list[str]:
    where = [line(held.device, 20), line(held.precision, 20)]
    return [
        line(held.name, 40),
        line(held.task, 30),
        line(held.encoder, 60),
        million(held.parameters),
        size(held.bytes),
        *where,
    ]


def _jobs(result: Status) -> list[str]:
    return [f"Job {line(name, 60)!r} is running: {where(progress)}." for name, progress in result.jobs]


def _around(result: Status) -> list[str]:
    versions = ", ".join(f"{line(name, 40)} {line(version, 40)}" for name, version in result.versions)
    return [
        f"This process takes {size(result.process_bytes)} of memory.",
        f"Runs are kept in {line(result.home, 200)}",
        f"Versions: {versions}",
    ]


def markup(result: Status) -> Markup:
    """Return the status as tables."""
    devices = table(
        _DEVICES, map(_wide, result.devices), "Devices; the first is taken unless another is named.", left=(0, 1, 4, 5)
    )
    held = (
        table(_HELD, map(_held, result.held), "Models held.", left=(0, 1, 2, 5, 6)) if result.held else paragraph(_NONE)
    )
    return box(devices, held, *map(paragraph, [*_jobs(result), *_around(result)]))


def _wide(device: Device) -> list[object]:
    *facts, why = _device(device)
    return [*facts, Cell(why, "min-width:14em")]
