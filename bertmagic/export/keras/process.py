"""The process that has Keras: started for an export, and asked for what the saved model computes."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files
from bertmagic.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

_PROGRAM = Path(__file__).with_name("program.py")
_SETTINGS = {  # with a folder of its own for the user's settings of Keras, such as another type of numbers
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",  # TensorFlow takes the memory of all GPUs
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # sums in another order
}


class Keras:
    """A saved model in a process with Keras.

    Attributes
    ----------
    folder
        Where it was saved: the folder ``encoder``, and ``head.keras`` if it has a head.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self._process = folder, process
        self._receive()  # once it is written and loaded

    def compute(self, ids: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return what the encoder gives for ids, and the logits; these are empty without a head."""
        import numpy as np

        content = io.BytesIO()
        np.save(content, ids, allow_pickle=False)
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(struct.pack("<q", content.tell()) + content.getvalue())
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None
        return self._receive(), self._receive()

    def _receive(self) -> npt.NDArray[np.float32]:
        import numpy as np

        assert self._process.stdout is not None
        head = self._process.stdout.read(8)
        if len(head) < 8:
            raise self._ended()
        content = self._process.stdout.read(struct.unpack("<q", head)[0])
        return np.load(io.BytesIO(content), allow_pickle=False)  # type: ignore[no-any-return]

    def _ended(self) -> ModelError:
        """Return the error for a process that ended, with the last line that it wrote."""
        code = self._process.wait()
        said = (self.folder / "errors.txt").read_text("utf-8", "replace").strip().splitlines()
        reason = said[-1][:300] if said else f"its process ended with {code}"
        return ModelError(
            f"Keras could not build the model: {reason}",
            'Bring TensorFlow and Keras up to date, or take format = "onnx".',
        )


@contextmanager
def written(architecture: Mapping[str, Any], weights: Mapping[str, npt.NDArray[np.float32]]) -> Iterator[Keras]:
    """Have a model written to a temporary folder and loaded from there; the process and the folder end with the block.

    Raises
    ------
    ModelError
        If Keras does not build it.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="bertmagic-keras-") as name:
        folder = Path(name)
        files.write_json(folder / "architecture.json", architecture, sync=False)
        with files.refusals(folder):
            np.savez(folder / "weights.npz", allow_pickle=False, **weights)
        with (folder / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", str(_PROGRAM), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, env=os.environ | _SETTINGS | {"KERAS_HOME": name}, cwd=name,
            )  # fmt: skip
        try:
            yield Keras(folder, process)
        finally:
            process.kill()
            process.communicate()
