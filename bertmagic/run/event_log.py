"""The lines of ``events.jsonl``: a JSON object of an event each, with a checksum that tells a damaged line.

The checksum is the last entry of a line, ``"crc32"``: that of the bytes before it. Logs of earlier versions have none,
and are read as they are.
"""

from __future__ import annotations

import io
import itertools
import json
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FILE = "events.jsonl"
_KEY = b', "crc32": "'
_LOOKED_AT = 5
"""In how many lines a checksum is looked for: one of them may be damaged, too."""


def line(event: Mapping[str, Any]) -> str:
    """Return an event as a line with its checksum."""
    text = json.dumps(event, default=str, ensure_ascii=False)[:-1]
    content = text.encode("utf-8", "backslashreplace")  # as `files.append` writes it
    return f'{text}{_KEY.decode()}{zlib.crc32(content):08x}"}}'


def whole_lines(log: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield the lines of a log, and None for each one that is damaged."""
    lines = iter(log)
    first = list(itertools.islice(lines, _LOOKED_AT))
    has_checksums = any(map(_is_whole, first))
    for one in itertools.chain(first, lines):
        yield one if not has_checksums or _is_whole(one) else None


def damage(path: Path, lines: int) -> str:
    """Return one sentence on damaged lines, with what was done; empty if there are none."""
    return f"{path}: {count(lines, 'line was', 'lines were')} changed on the disk, and left out." if lines else ""


def evaluations(path: Path, metric: str) -> tuple[dict[int, float], str]:
    """Return a metric on the validation rows by step, and what `damage` says of the log."""
    values: dict[int, float] = {}
    damaged = 0
    with suppress(OSError), path.open("rb") if path.is_file() else io.BytesIO() as log:
        for one in whole_lines(log):
            if one is None:
                damaged += 1
            elif one.startswith(b'{"event": "Evaluated"'):  # parsing only these, a long log takes milliseconds
                values |= _evaluated(one, metric)
    return values, damage(path, damaged)


def _evaluated(one: bytes, metric: str) -> dict[int, float]:
    try:
        event = json.loads(one)
        value = event["loss"] if metric == "loss" else event["metrics"][metric]
        return {int(event["step"]): float(value)} if json_files.is_number(value) else {}
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return {}


def _is_whole(one: bytes) -> bool:
    content, _, rest = one.rstrip(b"\r\n").rpartition(_KEY)
    return rest == b'%08x"}' % zlib.crc32(content)
