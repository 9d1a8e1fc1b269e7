"""The devices of this machine, its memory, the models held and the jobs that run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Paragraph, Table, columns
from bertmagic.display.results.job import how_far
from bertmagic.display.style import line, million, size

if TYPE_CHECKING:
    from bertmagic.display.cells import Row
    from bertmagic.models.status import Device, Held, Status

_DEVICES = (
    *columns(("device", "name", "free", "memory", "precision"), (0, 1, 4)),
    Column("why", "prose", 160),
)
_HELD = columns(("model", "task", "encoder", "parameters", "size", "device", "precision"), (0, 1, 2, 5, 6))


def blocks(result: Status) -> list[Block]:
    """Return the status as tables and sentences."""
    explanation = "Devices; the first is taken unless another is named."
    devices = Table(_DEVICES, [_device(device) for device in result.devices], explanation=explanation)
    held = Table(_HELD, [_held(model) for model in result.held], "Models held.")
    jobs = [Paragraph(f"Job {line(name, 60)!r} is running: {how_far(known)}.") for name, known in result.jobs]
    return [devices, held if result.held else Paragraph("No model is held."), *jobs, *_machine(result)]


def _device(device: Device) -> Row:
    memory = [size(device.free), size(device.memory)]
    return [line(device.name, 20), line(device.title, 60), *memory, line(device.precision, 20), line(device.why, 160)]


def _held(model: Held) -> Row:
    return [
        line(model.name, 40), line(model.task, 30), line(model.encoder, 60), million(model.parameters),
        size(model.bytes), line(model.device, 20), line(model.precision, 20),
    ]  # fmt: skip


def _machine(result: Status) -> list[Block]:
    versions = ", ".join(f"{line(name, 40)} {line(version, 40)}" for name, version in result.versions)
    return [
        Paragraph(f"This process takes {size(result.process_bytes)} of memory."),
        Paragraph(f"Runs are kept in {line(result.home, 200)}"),
        Paragraph(f"Versions: {versions}"),
    ]
