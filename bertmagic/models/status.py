"""What is known about encoders, devices and the models held: plain values for other rooms to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import Result

if TYPE_CHECKING:
    from bertmagic.run.jobs import Progress


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue.

    ``parameters`` is a count, ``lr`` the peak learning rate that suits fine-tuning it, ``tuned`` what it was fine-tuned
    for already (empty for an encoder to start from), and ``on_disk`` whether it can be loaded without a network.
    """

    alias: str
    ref: str
    parameters: int
    languages: str
    max_length: int
    licence: str
    lr: float
    about: str
    tuned: str = ""
    on_disk: bool = False

    @property
    def trained_on(self) -> frozenset[str] | None:
        """The languages that it was trained on; None for many, or if they are not known."""
        if "languages" in self.languages or self.languages == "yours":
            return None
        return frozenset(self.languages.split(", ")) - {"code"}


@dataclass(frozen=True, repr=False)
class Catalogue(Result):
    """The models that have a short name."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """A device: its name for the ``device`` option, memory in bytes, and the precision that ``auto`` takes there."""

    name: str
    title: str
    memory: int
    free: int
    precision: str
    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """A model held by this kernel: the bytes of its parameters and buffers, and where they are."""

    name: str
    task: str
    encoder: str
    parameters: int
    bytes: int
    device: str
    precision: str


@dataclass(frozen=True, repr=False)
class Status(Result):
    """The devices of this machine (the one that is chosen first), the models held and the jobs that run, by name."""

    devices: tuple[Device, ...]
    held: tuple[Held, ...]
    process_bytes: int
    home: str
    versions: tuple[tuple[str, str], ...]
    jobs: tuple[tuple[str, Progress], ...] = ()
