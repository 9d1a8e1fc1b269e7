"""Models that Keras saved, read without TensorFlow: ``config.json`` and ``model.weights.h5`` are data.

Only models that are made of an exported encoder and of Dense and Dropout layers behind it are read. Nothing of the
config is executed: classes are compared by their names, and how the layers are connected is compared with what
`bertmagic.export.keras.program` builds.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import BertMagicError, FileError, ModelError
from bertmagic.export.keras import graph
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Weights = dict[str, npt.NDArray[np.float32]]

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RuntimeError)
_AGAIN = "Save the model again: model.save(PATH, zipped=False)."


@dataclass(frozen=True)
class Layer:
    """A layer of a saved model: its class, its config, and the group of its weights."""

    kind: str
    config: Mapping[str, Any]
    group: Any

    @property
    def name(self) -> str:
        """The name of the layer."""
        return str(self.config.get("name"))


def is_saved(path: Path) -> bool:
    """Whether a path is a folder that Keras saved, or a file ``*.keras``."""
    if path.is_dir():
        return (path / WEIGHTS).is_file() and (path / CONFIG).is_file()
    return path.suffix == ".keras" and path.is_file()


@contextmanager
def opened(path: Path) -> Iterator[list[Layer]]:
    """Give the layers of a saved model in their order; a Sequential stands for its layers.

    What is not as Keras writes it, in the config or in the weights that are read in the block, is a `ModelError`.

    Raises
    ------
    ModelError
        If h5py is not installed, or the model has other layers than those that are read.
    FileError
        If a file is damaged.
    """
    if find_spec("h5py") is None:
        raise ModelError(f"{path} was saved by Keras, and h5py, which reads its weights, is not installed.",
                         "pip install h5py")  # fmt: skip
    import h5py

    with ExitStack() as stack:
        try:
            if path.is_dir():
                config = json_files.read_object(path / CONFIG, _AGAIN)
                file = stack.enter_context(h5py.File(path / WEIGHTS, "r"))
            else:
                archive = stack.enter_context(zipfile.ZipFile(path))
                config = json.loads(archive.read(CONFIG))
                file = stack.enter_context(h5py.File(stack.enter_context(archive.open(WEIGHTS)), "r"))
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise FileError(f"{path} is damaged: {quoted(str(error), 200)}.", _AGAIN) from None
        try:
            yield list(_layers(path, config, file))
        except BertMagicError:
            raise
        except _ODD as error:  # config and weights can hold anything
            raise ModelError(f"{path} is not a model that Keras saved: {quoted(repr(error), 120)}.", _AGAIN) from None


def _layers(path: Path, model: Mapping[str, Any], group: Any) -> Iterator[Layer]:
    """Yield the layers of a model; that of an encoder is one layer."""
    kind, config = model["class_name"], model["config"]
    if model.get("registered_name") not in (None, kind) or kind not in ("Sequential", "Functional"):
        raise _other(path, str(model.get("registered_name") or kind))
    if kind == "Functional" and graph.is_encoder(config):
        yield Layer("encoder", config, group)
        return
    groups = named_groups(group)
    for inner in config["layers"] if kind == "Sequential" else graph.chained(path, config):
        if inner["class_name"] == "InputLayer":
            continue
        name = inner["config"]["name"]
        if name not in groups:
            raise ModelError(f"{path} has no weights of the layer {quoted(name, 80)}.", _AGAIN)
        if inner["class_name"] in ("Sequential", "Functional"):
            yield from _layers(path, inner, groups[name])
        elif inner["module"] == "keras.layers" and inner["class_name"] in ("Dense", "Dropout"):
            yield Layer(inner["class_name"], inner["config"], groups[name])
        else:
            raise _other(path, str(inner.get("registered_name") or inner["class_name"]))


def _other(path: Path, kind: str) -> ModelError:
    return ModelError(
        f"{path} has a layer {quoted(kind, 80)}, which cannot be read; nothing of it was executed.",
        'What can: an encoder of format = "keras", Dropout, and one Dense layer with softmax, sigmoid or none.',
    )


def named_groups(group: Any) -> dict[str, Any]:
    """Return the groups of the layers in a group by the names of the layers, which Keras keeps beside the weights."""
    inside = entry(group, "layers")
    groups = [entry(inside, name) for name in inside]
    return {str(entry(one, "vars").attrs["name"]): one for one in groups}


def entry(group: Any, name: str) -> Any:
    """Return a part of a file of weights that is in that file: links to other files are not followed."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ModelError(f"the weights of Keras have no part {quoted(f'{group.name}/{name}', 120)}.", _AGAIN)
    return group[name]


def values(group: Any, path: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the numbers of a variable: ``query_dense/vars/0`` in the group of a layer.

    Raises
    ------
    ModelError
        If there is none, it has another shape, or its numbers are in another file.
    """
    import h5py
    import numpy as np

    for part in path.split("/"):
        group = entry(group, part)
    if not isinstance(group, h5py.Dataset) or group.is_virtual or group.external or group.dtype.kind != "f":
        raise ModelError(f"{quoted(group.name, 120)} in the weights of Keras holds no numbers.", _AGAIN)
    if group.shape != shape:
        raise ModelError(
            f"{quoted(group.name, 120)} in the weights of Keras has the shape {group.shape}; its config says {shape}.",
            "The config and the weights are of two models. " + _AGAIN,
        )
    return np.asarray(group[()], np.float32)
