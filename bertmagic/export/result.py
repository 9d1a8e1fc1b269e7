"""What an export made, and what was compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bertmagic.result import Result


@dataclass(frozen=True, repr=False)
class Export(Result):
    """A folder with a model that runs without bertmagic, as it was checked before it was written.

    Attributes
    ----------
    path
        The folder.
    format
        ``onnx``, ``onnx-int8``, ``openvino`` or ``keras``.
    model
        The name of the model.
    bytes, model_bytes
        The sizes of the exported network and of the weights in memory.
    batches
        How many batches of random tokens were compared, from 1 row of 1 token to the longest text.
    difference
        The largest difference of a logit from the model's in fp32.
    rows, kept
        How many rows were compared, and the share of them with the same prediction.
    data
        What these rows are called.
    speed, model_speed
        Texts a second, of the export and of the model here; 0 without rows.
    timed_rows
        On how many of these rows: the first ones.
    left_out
        The layers that stayed in fp32, in a format that quantizes.
    notes
        What the user should know.
    """

    path: Path
    format: str
    model: str
    bytes: int
    model_bytes: int
    batches: int
    difference: float
    rows: int = 0
    kept: float = 1.0
    data: str = ""
    speed: float = 0.0
    model_speed: float = 0.0
    timed_rows: int = 0
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)
