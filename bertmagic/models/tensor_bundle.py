"""The checkpoints of TensorFlow (tensor bundles, version 2), read without TensorFlow.

An ``.index`` file is a sorted table in the format of LevelDB: its keys are names of tensors, its values say in which
``.data`` file the bytes of a tensor are, and where. Both formats are described in TensorFlow's sources, in
``tensor_bundle.proto`` and ``lib/io/format.h``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.disk import files
from bertmagic.errors import FileError
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_MOST = 1 << 28
"""The largest index, in bytes, that is read: that of BERT-large has 23 kB."""
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 14: "<u2", 19: "<f2"}
"""The numbers of TensorFlow's types of numbers; 14 is bfloat16, the upper half of a float32."""
_BFLOAT16 = 14
_SHARD = re.compile(r"\.data-(\d{5})-of-(\d{5})")

Fields = dict[int, list[Any]]
"""The fields of a message: numbers, and bytes for texts and messages, by the number of the field."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor is: its type, its shape, its file, the bytes there, and their checksum."""

    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


class Bundle:
    """A checkpoint: the entries of its tensors by name, and their values.

    Parameters
    ----------
    prefix
        The path of its files without ``.index`` or ``.data-00000-of-00001``.

    Raises
    ------
    FileError
        If a file is missing, damaged, or holds what is not read here: parts of tensors, or numbers of another order.
    """

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        index = prefix.with_name(f"{prefix.name}.index")
        rows = dict(_table(index))
        try:
            header = _fields(rows.pop(b"", b""))
            self.shards = _number(header, 1)
            if _number(header, 2):
                raise FileError(f"{index} has its numbers in the order of another machine (big endian).", _FIX)
            self.entries = {name.decode("utf-8"): _entry(index, name, value) for name, value in rows.items()}
        except (ValueError, IndexError, TypeError) as error:
            raise _damaged(index) from error

    def tensor(self, name: str) -> npt.NDArray[np.generic]:
        """Return a tensor; numbers of 16 bits become float32.

        Raises
        ------
        FileError
            If its file is missing or too short, or its bytes are not those that were written.
        """
        entry = self.entries[name]
        path = self.prefix.with_name(f"{self.prefix.name}.data-{entry.shard:05}-of-{self.shards:05}")
        if not path.is_file():
            raise FileError(
                f"{path} is missing: {quoted(name, 80)} is in it.", "Copy all files of the checkpoint there."
            )
        with files.reading(path), path.open("rb") as file:
            file.seek(entry.offset)
            content = file.read(entry.size)
        if len(content) < entry.size:
            raise FileError(f"{path} is cut off: {quoted(name, 80)} ends behind its end.", _FIX)
        if masked(crc32c(content)) != entry.checksum:
            raise FileError(
                f"{path} is damaged: the bytes of {quoted(name, 80)} are not those that were written.", _FIX
            )
        values = np.frombuffer(content, _TYPES[entry.kind]).reshape(entry.shape)
        if entry.kind == _BFLOAT16:
            return (values.astype("<u4") << 16).view("<f4")
        return values.astype("<f4") if values.dtype.itemsize == 2 else values


_FIX = "Download or unpack the checkpoint again."


def prefixes(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder: paths of their files without the ending."""
    return sorted(path.with_suffix("") for path in folder.glob("*.index") if path.is_file())


def paths(prefix: Path) -> list[Path]:
    """Return the files of a checkpoint that are there."""
    return [
        path
        for path in sorted(prefix.parent.iterdir())
        if path.name == f"{prefix.name}.index"
        or (path.name.startswith(prefix.name) and _SHARD.fullmatch(path.name.removeprefix(prefix.name)))
    ]


def _damaged(path: Path) -> FileError:
    return FileError(f"{path} is damaged, or no index of a TensorFlow checkpoint.", _FIX)


def _entry(path: Path, name: bytes, value: bytes) -> Entry:
    fields = _fields(value)
    kind, size = _number(fields, 1), _number(fields, 5)
    shape = tuple(_number(_fields(part), 1) for part in _fields(_bytes(fields, 2)).get(2, []))
    shown = quoted(name.decode("utf-8", "replace"), 80)
    if 7 in fields:
        raise FileError(f"{path} holds {shown} in parts, which is not read.", "Save the checkpoint without partitions.")
    if kind in _TYPES and math.prod(shape) * np.dtype(_TYPES[kind]).itemsize != size:
        raise _damaged(path)
    checksum = fields.get(6, [0])[0]
    return Entry(kind, shape, _number(fields, 3), _number(fields, 4), size, int(checksum))


def _number(fields: Fields, at: int) -> int:
    value = fields.get(at, [0])[-1]
    if not isinstance(value, int) or value >= 1 << 62:
        raise ValueError("not a number")
    return value


def _bytes(fields: Fields, at: int) -> bytes:
    value = fields.get(at, [b""])[-1]
    if not isinstance(value, bytes):
        raise TypeError("not bytes")
    return value


def _fields(message: bytes) -> Fields:
    """Return the fields of a message of protocol buffers."""
    fields: Fields = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value: int | bytes
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            value, at = int.from_bytes(_slice(message, at, width), "little"), at + width
        elif wire == 2:
            length, at = _varint(message, at)
            value, at = _slice(message, at, length), at + length
        else:
            raise ValueError("no such kind of field")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, seven bits a byte, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("no number")


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError("cut off")
    return data[at : at + length]


def _table(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a sorted table."""
    with files.reading(path):
        content = path.read_bytes() if path.stat().st_size <= _MOST else b""
    if len(content) < _FOOTER or int.from_bytes(content[-8:], "little") != _MAGIC:
        raise _damaged(path)
    try:
        _, at = _handle(content[-_FOOTER:], 0)  # of the meta index, which TensorFlow leaves empty
        handle, _ = _handle(content[-_FOOTER:], at)
        for _, block in _rows(_block(content, *handle)):
            yield from _rows(_block(content, *_handle(block, 0)[0]))
    except (ValueError, IndexError) as error:
        raise _damaged(path) from error


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Return where a block begins and how long it is, and the place behind both numbers."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _block(content: bytes, offset: int, size: int) -> bytes:
    """Return a block of a table, whose checksum stands behind it."""
    block = _slice(content, offset, size + 5)
    if masked(crc32c(block[: size + 1])) != int.from_bytes(block[-4:], "little"):
        raise ValueError("damaged")
    if block[size] == 0:
        return block[:size]
    if block[size] != 1:
        raise ValueError("no such compression")
    import pyarrow as pa

    length, _ = _varint(block, 0)
    if length > _MOST:
        raise ValueError("too large")
    return bytes(pa.decompress(block[:size], length, codec="snappy", asbytes=True))


def _rows(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block; a key repeats the beginning of the one before it."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError("damaged")
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + _slice(block, at, own)
        yield key, _slice(block, at + own, length)
        at += own + length


def masked(checksum: int) -> int:
    """Return a checksum as these files hold it: rotated, and with a constant added."""
    return (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF


_POLYNOMIAL = 0x82F63B78
_LANES = 4096
"""The most parts that are computed together."""
_PART = 64
"""The fewest bytes of a part."""


def crc32c(data: bytes) -> int:
    """Return the Castagnoli checksum of bytes (RFC 3720, appendix B.4).

    Large data is cut into parts of one length, whose checksums are computed together and then joined: behind ``n``
    bytes that follow it, a checksum is multiplied by x to the power of ``8 n``, a linear map of its bits.
    """
    lanes = min(_LANES, 1 << (len(data) // _PART).bit_length() - 1) if len(data) >= _LANES else 0
    length = len(data) // max(lanes, 1)
    checksum = (
        _of_parts(np.frombuffer(data, np.uint8, count=lanes * length).reshape(lanes, length)) if lanes else _START
    )
    table = _byte_table().tolist()
    for byte in data[lanes * length :]:
        checksum = table[(checksum ^ byte) & 0xFF] ^ (checksum >> 8)
    return checksum ^ _START


_START = 0xFFFFFFFF


def _of_parts(parts: npt.NDArray[np.uint8]) -> int:
    """Return the state behind all parts, ``(parts, bytes)``: a power of two of them."""
    table = _byte_table()
    state = np.zeros(len(parts), np.uint32)
    state[0] = _START
    for column in np.ascontiguousarray(parts.T):
        state = table[(state ^ column) & 0xFF] ^ (state >> 8)
    shift = _zeros(parts.shape[1])
    while len(state) > 1:
        state = _apply(shift, state[0::2]) ^ state[1::2]
        shift = _apply(shift, shift)
    return int(state[0])


@cache
def _byte_table() -> npt.NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


def _zeros(count: int) -> npt.NDArray[np.uint32]:
    """Return what a number of zero bytes make of each bit of a checksum."""
    one = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    table, power, result = _byte_table(), one, one
    power = table[power & 0xFF] ^ (power >> 8)
    while count:
        if count & 1:
            result = _apply(power, result)
        power, count = _apply(power, power), count >> 1
    return result


def _apply(bits: npt.NDArray[np.uint32], checksums: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Apply a linear map, given by what becomes of each bit, to checksums."""
    result = np.zeros_like(checksums)
    for bit in range(32):
        result ^= np.where((checksums >> np.uint32(bit)) & 1, bits[bit], np.uint32(0))
    return result
