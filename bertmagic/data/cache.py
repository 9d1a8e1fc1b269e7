"""Token ids kept on disk, so that the same texts are tokenized once: also in other kernels, and after a restart.

An entry is one file, ``HOME/cache/tokens/KEY.tokens``, with a record batch of one row; see `store`.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

from bertmagic.data import store, tokenization
from bertmagic.data.tokenization import EncodedChunk, TokenizeOptions
from bertmagic.data.tokens import Tokens
from bertmagic.disk import files
from bertmagic.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedTokenizerBase

    from bertmagic.options import LongText

_SMALL = 10_000  # characters, which are tokenized in a few milliseconds
_CHUNK = 1000
_WEIGHTS = frozenset([".safetensors", ".bin", ".pt", ".h5", ".msgpack", ".onnx", ".ot"])
_LARGE = 10**8  # bytes: more than any tokenizer has
_FORMAT = 4
"""The version of the format, a part of each key: entries of another version are not found, and removed in time."""


@dataclass(frozen=True)
class Cache:
    """The tokens that one tokenizer made of texts, kept in ``home``, the folder of the runs.

    Texts of less than 10,000 characters together are not kept, and neither are the tokens of a tokenizer that is
    written in Python and has no content to hash. If the disk is full or read-only, nothing is kept.

    Attributes
    ----------
    source
        The folder that the tokenizer was just loaded from: hashing its files takes a third of the time of hashing the
        tokenizer. None if a user may have changed the tokenizer since.
    """

    home: Path
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    long_text: LongText = "truncate"
    source: Path | None = None
    stride: int | None = None

    def encode(
        self,
        texts: Sequence[str],
        progress: Callable[[int, int], None] = lambda done, total: None,
        *,
        pairs: Sequence[str] | None = None,
        spans: bool = False,
    ) -> Tokens:
        """Return the tokens of texts as `tokenization.encode` does, from the entry of these texts if there is one."""
        name = None if _small(texts) and _small(pairs or ()) else self.key(texts, pairs, spans)
        tokens = None
        if name is not None:
            path = self.home / "cache" / "tokens" / f"{name}.tokens"
            options = TokenizeOptions(self.max_length, self.long_text, self.stride, spans)
            tokens = read(path)
            if tokens is None:
                chunks = tokenization.encode_chunks(self.tokenizer, texts, options, pairs, progress)
                with suppress(FileError):
                    tokens = _write(path, chunks, spans)
        if tokens is None:
            return tokenization.encode(
                self.tokenizer, texts, self.max_length, self.long_text, progress,
                pairs=pairs, stride=self.stride, spans=spans,
            )  # fmt: skip
        progress(len(texts), len(texts))
        return tokens

    def key(self, texts: Sequence[str], pairs: Sequence[str] | None = None, spans: bool = False) -> str | None:
        """Return the SHA-256 of all that decides the ids; None if the tokenizer has no content to hash.

        The lengths of the texts are hashed, too: ``["ab", "c"]`` and ``["a", "bc"]`` have the same letters. Processors
        have instructions for SHA-256: it takes a thousandth of the time of tokenizing.
        """
        import numpy as np

        if self._content is None:
            return None
        shape = (self.max_length, self.long_text, self.stride, spans, pairs is not None)
        digest = hashlib.sha256(f"{self._content} {shape} {len(texts)} ".encode())
        for column in (texts, pairs or ()):
            for start in range(0, len(column), _CHUNK):
                part = column[start : start + _CHUNK]
                digest.update(np.fromiter(map(len, part), np.int64, len(part)).tobytes())
                digest.update("".join(part).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @cached_property
    def _content(self) -> str | None:
        import tokenizers
        import transformers

        content = _of_files(self.source) if self.source else None
        content = content or _of_object(self.tokenizer)
        if content is None:
            return None
        special = sorted(self.tokenizer.special_tokens_map.items())
        split = getattr(self.tokenizer, "split_special_tokens", False)
        known = (tokenizers.__version__, transformers.__version__, type(self.tokenizer).__name__, special, split)
        return f"{_FORMAT} {known} {content}"


@dataclass(frozen=True)
class Fresh(Cache):
    """A cache that has nothing and keeps nothing, to measure the time of tokenizing."""

    def key(self, texts: Sequence[str], pairs: Sequence[str] | None = None, spans: bool = False) -> None:
        """Return None: nothing is kept."""


def _of_files(source: Path) -> str | None:
    """Return the SHA-256 of a model's files, without weights, with names and sizes; None if one cannot be read."""
    digest = hashlib.sha256()
    try:
        for path in sorted(source.iterdir()):
            if path.suffix not in _WEIGHTS and path.is_file() and path.stat().st_size < _LARGE:
                content = path.read_bytes()
                digest.update(f"{path.name}/{len(content)}/".encode("utf-8", "surrogateescape"))
                digest.update(content)
    except OSError:
        return None
    return digest.hexdigest()


def _of_object(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """Return the SHA-256 of a serialised tokenizer, without truncation and padding, which a call sets."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    # The JSON of `to_str` as bytes, without a copy. Truncation and padding come first in it.
    serialised: bytes = backend.__getstate__()
    return hashlib.sha256(memoryview(serialised)[max(serialised.find(b'"added_tokens"'), 0) :]).hexdigest()


def read(path: Path) -> Tokens | None:
    """Return an entry, memory-mapped; None if there is none, or if it is damaged."""
    row = store.read(path)
    try:
        return None if row is None else _tokens(row)
    except KeyError:
        return None


def _tokens(row: Any) -> Tokens:
    """Return the tokens of a record batch, without copying the arrays."""

    def array(name: str) -> Any:
        values = row.column(name)[0].values
        return None if values is None else values.to_numpy(zero_copy_only=True)

    spans = array("spans")
    return Tokens(
        array("ids"), array("offsets"), row.column("truncated")[0].as_py(), row.column("unknown")[0].as_py(),
        windows=array("windows"), second=array("second"), spans=None if spans is None else spans.reshape(-1, 2),
    )  # fmt: skip


def _record_batch(encoded: Tokens) -> Any:
    """Return tokens as a record batch of one row, in which each array is a list."""
    import numpy as np
    import pyarrow as pa

    def column(array: npt.NDArray[Any] | None, kind: type) -> Any:
        if array is None:
            return pa.nulls(1, pa.large_list(pa.from_numpy_dtype(kind)))
        return pa.LargeListArray.from_arrays([0, array.size], pa.array(array.ravel(), pa.from_numpy_dtype(kind)))

    columns = {
        "ids": column(encoded.ids, np.int32),
        "offsets": column(encoded.offsets, np.int64),
        "windows": column(encoded.windows, np.int64),
        "second": column(encoded.second, np.int32),
        "spans": column(encoded.spans, np.int32),
        "truncated": pa.array([encoded.truncated]),
        "unknown": pa.array([encoded.unknown]),
    }
    return pa.record_batch(columns)


def _write(path: Path, chunks: Iterable[EncodedChunk], spans: bool) -> Tokens | None:
    """Write an entry and return it as `read` does."""
    store.make(path.parent)
    with files.refusals(path), tempfile.TemporaryFile(dir=path.parent) as ids:
        row = store.write(path, _record_batch(_spool(ids, chunks, spans)))
    return None if row is None else _tokens(row)


def _spool(file: BinaryIO, chunks: Iterable[EncodedChunk], spans: bool) -> Tokens:
    """Return the tokens of chunks with the ids in a file, so that those of a million rows take no memory."""
    import numpy as np

    without_ids, empty = [], np.zeros(0, np.int32)
    for chunk in chunks:
        file.write(chunk.ids.tobytes())
        without_ids.append(replace(chunk, ids=empty))
    file.flush()
    ids: npt.NDArray[np.int32] = np.memmap(file, np.int32, "r") if file.tell() else empty
    return tokenization.join_chunks(without_ids, ids, spans)


def _small(texts: Sequence[str]) -> bool:
    return not any(total >= _SMALL for total in accumulate(map(len, texts)))
