"""Vectors kept on disk by their content, so that the same texts go through the same weights once.

An entry is one file, ``HOME/cache/vectors/KEY.vectors``, with a record batch of one column; see `data.store`. The key
is the SHA-256 of all that decides the vectors. The weights are hashed as they are in memory at each call: those of a
network that was changed in place have another key. This takes some 90 ms for the 90 MB of MiniLM.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bertmagic.data import store
from bertmagic.errors import FileError
from bertmagic.inference import embedding
from bertmagic.inference.forward import run_model
from bertmagic.models import adapters, heads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import BatchSource
    from bertmagic.options.terms import Pooling

SMALL = 1000
"""Fewer tokens are not kept: to compute their vectors takes less time than to hash the weights."""

_FORMAT = 1
"""The version of the format and of the computation, a part of each key."""

_NOT_OF_VECTORS = frozenset(
    ["architectures", "id2label", "label2id", "problem_type", "dtype", "torch_dtype", "_name_or_path"]
)
"""What a config says that the hidden states do not depend on."""


def embed(
    home: Path,
    network: PreTrainedModel,
    feed: BatchSource,
    number_format: str,
    pooling: Pooling,
    after_batch: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Return the vectors of texts as `embedding.embed` does, from the entry of these texts if there is one.

    Nothing is kept of less than `SMALL` tokens, of a network with adapters that are not merged, if the weights change
    meanwhile, as in training, or if the disk is full or read-only.

    Parameters
    ----------
    home
        The folder of the runs.
    """
    (vectors,) = embed_each(home, network, feed, number_format, (pooling,), after_batch)
    return vectors


def embed_each(
    home: Path,
    network: PreTrainedModel,
    feed: BatchSource,
    number_format: str,
    poolings: Sequence[Pooling],
    after_batch: Callable[[int], None] = lambda done: None,
) -> list[npt.NDArray[np.float32]]:
    """Return the vectors of `embed` for several poolings, in one pass of the encoder unless all have an entry."""
    if len(feed.tokens.ids) < SMALL or adapters.present(network):
        return embedding.embed_each(network, feed, number_format, poolings, after_batch)
    names = keys(network, feed, number_format, poolings)
    paths = [home / "cache" / "vectors" / f"{name}.vectors" for name in names]
    stored = [vectors for path in paths if (vectors := _read(path)) is not None]
    if len(stored) == len(paths):
        after_batch(len(feed.tokens))
        return stored
    computed = embedding.embed_each(network, feed, number_format, poolings, after_batch)
    if keys(network, feed, number_format, poolings) == names:
        with suppress(FileError):
            for path, vectors in zip(paths, computed, strict=True):
                store.write(path, _record_batch(vectors))
    return computed


def head_vectors(
    home: Path,
    network: PreTrainedModel,
    feed: BatchSource,
    number_format: str,
    after_batch: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Return what the output layer of a model reads of each sample, ``(samples, width)``, kept as in `embed`."""

    def compute() -> npt.NDArray[np.float32]:
        return run_model(network, feed, number_format, after_batch, heads.features)

    if len(feed.tokens.ids) < SMALL or adapters.present(network):
        return compute()
    digest = hashlib.sha256(keys(network, feed, number_format, ("first",))[0].encode())
    for name, tensor in network.state_dict().items():  # the layers between the encoder and the output layer, too
        if not name.startswith(f"{network.base_model_prefix}.") or ".pooler." in name:
            digest.update(f"{name} {tuple(tensor.shape)} ".encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy())
    path = home / "cache" / "vectors" / f"{digest.hexdigest()}.vectors"
    if (stored := _read(path)) is not None:
        after_batch(len(feed.tokens))
        return stored
    computed = compute()
    with suppress(FileError):
        store.write(path, _record_batch(computed))
    return computed


def keys(network: PreTrainedModel, feed: BatchSource, number_format: str, poolings: Sequence[Pooling]) -> list[str]:
    """Return the key of each pooling: the SHA-256 of all that decides the vectors.

    This is the encoder with its weights, which are read once for all poolings, and the tokens.
    """
    import torch
    import transformers

    versions = [str(torch.__version__), str(transformers.__version__)]
    digest = hashlib.sha256(f"{_FORMAT} {versions} {number_format} {feed.segments} ".encode())
    for part in (*_content(embedding.encoder(network)), *_arrays(feed)):
        digest.update(part)
    return [hashlib.sha256(digest.digest() + pooling.encode()).hexdigest() for pooling in poolings]


def _content(encoder: torch.nn.Module) -> Iterator[Any]:
    """Yield the config, the modules and the tensors of an encoder as bytes, without the pooler, which is not read."""
    import torch

    config: Any = encoder.config
    yield json.dumps(
        {name: value for name, value in config.to_dict().items() if name not in _NOT_OF_VECTORS},
        default=str, sort_keys=True,
    ).encode()  # fmt: skip
    for name, module in encoder.named_modules():
        if not name.startswith("pooler"):
            yield f"{name} {type(module).__qualname__} ".encode()
    for name, tensor in encoder.state_dict().items():
        if not name.startswith("pooler."):
            yield f"{name} {tuple(tensor.shape)} {tensor.dtype} ".encode()
            yield tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def _arrays(feed: BatchSource) -> Iterator[Any]:
    """Yield the arrays of the tokens, each with its size before it."""
    import numpy as np

    for array in (feed.tokens.ids, feed.tokens.offsets, feed.tokens.windows, feed.tokens.second):
        yield f"{None if array is None else array.shape} ".encode()
        if array is not None:
            yield np.ascontiguousarray(array)


def _read(path: Path) -> npt.NDArray[np.float32] | None:
    """Return the vectors of an entry; None if there is none that can be read."""
    import numpy as np

    batch = store.read(path)
    return None if batch is None else np.array(batch.column(0).flatten()).reshape(batch.num_rows, -1)


def _record_batch(vectors: npt.NDArray[np.float32]) -> Any:
    """Return vectors as a record batch of one column, ``vector``."""
    import pyarrow as pa

    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.record_batch({"vector": column})
