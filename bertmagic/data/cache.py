"""Token ids kept on disk, so that the same texts are tokenized once: also in other kernels, and after a restart.

An entry is one file, ``HOME/cache/tokens/KEY.tokens``: a header, all ids, and where each sample begins. Nothing in it
is code: it is read as numbers, through the memory map of the operating system, and takes no memory of its own.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import time
import uuid
import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

from bertmagic.data import tokens
from bertmagic.data.tokens import Piece, Shape, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from bertmagic.options import LongText

LIMIT = 2 * 10**9
"""How many bytes all entries may have together; those used least recently are removed."""

_MOST = 1000  # entries: small ones would never reach the limit on bytes
_SMALL = 10_000  # characters, which are tokenized in a few milliseconds
_STALE = 3600.0  # seconds after which a file that is still being written is taken to be left by a killed process
_CHUNK = 1000
_WEIGHTS = frozenset([".safetensors", ".bin", ".pt", ".h5", ".msgpack", ".onnx", ".ot"])
_LARGE = 10**8  # bytes: more than any tokenizer has
_MAGIC = b"bmtoken2"  # its digit is the version of the format
_KINDS = ("<i4", "<i4", "<i4", "<i8", "<i8")
"""Of the numbers in an entry: ids, spans, second texts, offsets and windows, in this order."""
_HEADER = struct.Struct("<8s6qdI")
"""Magic, how many there are of each of `_KINDS`, texts truncated, share unknown, checksum of all that follows."""
_CHECKSUM = struct.Struct("<I")
"""Of the header, behind it; all numbers then begin at a multiple of eight bytes."""


@dataclass(frozen=True)
class Cache:
    """What one tokenizer made of texts, kept below ``home``, the folder of this project's runs.

    Texts of less than 10,000 characters together are not kept, and neither is what a tokenizer made that is written
    in Python and cannot tell its content. A disk that is full or cannot be written only means that nothing is kept.

    Attributes
    ----------
    source
        The folder that the tokenizer was loaded from just now. Then its files tell its content, and are read in a third
        of the time that a tokenizer takes to write itself; None where a user may have changed it since.
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
        """Tokenize texts as `tokens.encode` does, or take what it found for the same texts before."""
        found, shape = None, Shape(self.max_length, self.long_text, self.stride, spans)
        name = None if _small(texts) and _small(pairs or ()) else self.key(texts, pairs, spans)
        if name is not None:
            path = self.home / "cache" / "tokens" / f"{name}.tokens"
            found = read(path)
            if found is None:
                with suppress(OSError):
                    found = _write(path, tokens.pieces(self.tokenizer, texts, shape, pairs, progress))
        if found is None:
            return tokens.encode(
                self.tokenizer, texts, self.max_length, self.long_text, progress,
                pairs=pairs, stride=self.stride, spans=spans,
            )  # fmt: skip
        progress(len(texts), len(texts))
        return found

    def key(self, texts: Sequence[str], pairs: Sequence[str] | None = None, spans: bool = False) -> str | None:
        """Return the SHA-256 of all that decides the ids; None if the tokenizer cannot tell its content.

        The texts come with their lengths, because ``["ab", "c"]`` and ``["a", "bc"]`` have the same letters. SHA-256
        because processors compute it: it takes a thousandth of the time of tokenizing.
        """
        import numpy as np

        if self._content is None:
            return None
        shape = (self.max_length, self.long_text, self.stride, spans, pairs is not None)
        found = hashlib.sha256(f"{self._content} {shape} {len(texts)} ".encode())
        for column in (texts, pairs or ()):
            for start in range(0, len(column), _CHUNK):
                part = column[start : start + _CHUNK]
                found.update(np.fromiter(map(len, part), np.int64, len(part)).tobytes())
                found.update("".join(part).encode("utf-8", "surrogatepass"))
        return found.hexdigest()

    @cached_property
    def _content(self) -> str | None:
        import tokenizers
        import transformers

        found = _of_files(self.source) if self.source else None
        found = found or _of_object(self.tokenizer)
        if found is None:
            return None
        special = sorted(self.tokenizer.special_tokens_map.items())
        split = getattr(self.tokenizer, "split_special_tokens", False)
        known = (tokenizers.__version__, transformers.__version__, type(self.tokenizer).__name__, special, split)
        return f"{_MAGIC!r} {known} {found}"


@dataclass(frozen=True)
class Fresh(Cache):
    """A cache that has nothing and keeps nothing, for the time that tokenizing takes."""

    def key(self, texts: Sequence[str], pairs: Sequence[str] | None = None, spans: bool = False) -> None:
        """Return no name to keep anything under."""


def _of_files(source: Path) -> str | None:
    """Return the SHA-256 of a model's files but its weights, with names and sizes; None if one cannot be read."""
    found = hashlib.sha256()
    try:
        for path in sorted(source.iterdir()):
            if path.suffix not in _WEIGHTS and path.is_file() and path.stat().st_size < _LARGE:
                content = path.read_bytes()
                found.update(f"{path.name}/{len(content)}/".encode("utf-8", "surrogateescape"))
                found.update(content)
    except OSError:
        return None
    return found.hexdigest()


def _of_object(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """Return the SHA-256 of a tokenizer as it would write itself, without what a call sets: truncation and padding."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    # The JSON of `to_str`, as bytes: a copy less. Truncation and padding stand at its head.
    serialised: bytes = backend.__getstate__()
    return hashlib.sha256(memoryview(serialised)[max(serialised.find(b'"added_tokens"'), 0) :]).hexdigest()


def read(path: Path) -> Tokens | None:
    """Return an entry as it lies in the file; None if there is none, or not a whole one."""
    import numpy as np

    try:
        with path.open("rb") as file:
            counts, truncated, unknown = _checked(file)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        os.utime(path)  # the entry was used
    except (OSError, ValueError, struct.error):
        return None
    parts, begin = [], _HEADER.size + _CHECKSUM.size
    for count, kind in zip(counts, _KINDS, strict=True):
        parts.append(np.frombuffer(mapped, kind, count, begin))
        begin += _size(count, kind)
    ids, spans, second, offsets, windows = parts
    return Tokens(
        ids, offsets, truncated, unknown,
        windows=windows if len(windows) else None,
        second=second if len(second) else None,
        spans=spans.reshape(-1, 2) if len(spans) else None,
    )  # fmt: skip


def _checked(file: BinaryIO) -> tuple[tuple[int, ...], int, float]:
    """Return the counts in the header.

    Raises
    ------
    ValueError
        If a byte is not as it was written.
    """
    header = file.read(_HEADER.size)
    magic, *counts, truncated, unknown, body = _HEADER.unpack(header)
    (own,) = _CHECKSUM.unpack(file.read(_CHECKSUM.size))
    size = _HEADER.size + _CHECKSUM.size + sum(map(_size, counts, _KINDS))
    if magic != _MAGIC or own != zlib.crc32(header) or size != os.fstat(file.fileno()).st_size:
        raise ValueError
    found = 0
    while block := file.read(2**16):
        found = zlib.crc32(block, found)
    if found != body:
        raise ValueError
    return tuple(counts), truncated, unknown


def _size(count: int, kind: str) -> int:
    """Return the bytes that an array takes: each begins at a multiple of eight."""
    size = count * int(kind[-1])
    return size + -size % 8


def _write(path: Path, found: Iterator[Piece]) -> Tokens | None:
    """Write pieces as they come to a file that no one else knows, give it its name when it is whole, and read it.

    Of two processes that write the same entry the later one replaces the file of the earlier, which keeps what it has
    mapped.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    part = path.with_suffix(f".{uuid.uuid4().hex[:8]}.part")
    try:
        with part.open("wb") as file:
            _fill(file, found)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    written = read(path)
    _sweep(path.parent)
    return written


def _fill(file: BinaryIO, found: Iterator[Piece]) -> None:
    import numpy as np

    file.write(bytes(_HEADER.size + _CHECKSUM.size))
    numbers, without_ids, body = 0, [], 0
    for piece in found:
        numbers += len(piece.ids)
        without_ids.append(replace(piece, ids=np.zeros(0, np.int32)))
        body = _put(file, piece.ids.tobytes(), body)
    body = _put(file, bytes(_size(numbers, _KINDS[0]) - 4 * numbers), body)
    joint = tokens.joined(np.zeros(0, np.int32), None, without_ids)
    spans = np.concatenate([piece.spans for piece in without_ids] or [np.zeros((0, 2), np.int32)])
    rest = [spans.ravel(), joint.second, joint.offsets, joint.windows]
    arrays = [np.zeros(0, kind) if part is None else part for part, kind in zip(rest, _KINDS[1:], strict=True)]
    for part in arrays:
        body = _put(file, part.tobytes() + bytes(-part.nbytes % 8), body)
    unknown = sum(piece.unknown for piece in without_ids) / max(numbers, 1)
    header = _HEADER.pack(_MAGIC, numbers, *map(len, arrays), joint.truncated, unknown, body)
    file.seek(0)
    file.write(header + _CHECKSUM.pack(zlib.crc32(header)))


def _put(file: BinaryIO, data: bytes, checksum: int) -> int:
    file.write(data)
    return zlib.crc32(data, checksum)


def _sweep(folder: Path) -> None:
    """Remove what was used least recently above the limits; who has it mapped keeps it."""
    with suppress(OSError):  # another process sweeps too
        entries = [(path.stat(), path) for path in folder.glob("*.tokens")]
        total = 0
        for number, (known, path) in enumerate(sorted(entries, key=lambda entry: -entry[0].st_mtime)):
            total += known.st_size
            if number >= _MOST or total > LIMIT:
                path.unlink(missing_ok=True)
        for path in folder.glob("*.part"):
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink(missing_ok=True)


def _small(texts: Sequence[str]) -> bool:
    return not any(total >= _SMALL for total in accumulate(map(len, texts)))
