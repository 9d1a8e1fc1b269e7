"""The log of a run: a line that changed on the disk is left out, and a note names the file."""

import json
import random

import pytest

import bertmagic as bm
from bertmagic.events import Note
from bertmagic.run import event_log, folders, records
from bertmagic.run.recorder import RunRecorder

EVENTS = [
    {"event": "Evaluated", "step": step, "loss": 1 / step, "metrics": {"macro_f1": step / 20}, "text": "ä\ud800\u2028"}
    for step in range(1, 11)
]


@pytest.fixture
def log(own_folder):
    path = folders.made_folder("mine").parent / event_log.FILE
    path.write_bytes(b"".join(written(event) for event in EVENTS))
    return path


def written(event):
    return f"{event_log.line(event)}\n".encode("utf-8", "backslashreplace")


def flipped(content, generator):
    changed = bytearray(content)
    changed[generator.randrange(len(changed))] ^= 1 << generator.randrange(8)
    return bytes(changed)


def test_lines_are_json_with_a_checksum(log):
    events = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert [event["step"] for event in events] == list(range(1, 11))
    assert all(len(event["crc32"]) == 8 for event in events)
    with log.open("rb") as lines:
        assert None not in event_log.whole_lines(lines)


def test_each_flipped_bit_leaves_its_line_out_and_a_note_names_the_file(log):
    whole, generator = log.read_bytes(), random.Random(0)
    for _ in range(200):
        changed = flipped(whole, generator)
        log.write_bytes(changed)
        values, damage = event_log.evaluations(log, "macro_f1")
        assert 8 <= len(values) <= 9, changed  # a line break that is no more joins two
        assert all(values[step] == step / 20 for step in values), changed
        assert str(log) in damage
        assert "left out" in damage


def test_a_log_of_an_earlier_version_is_read_as_it_is(log):
    log.write_text("".join(f"{json.dumps(event)}\n" for event in EVENTS))
    values, damage = event_log.evaluations(log, "loss")
    assert len(values) == 10
    assert damage == ""


def test_a_run_that_goes_on_leaves_damaged_lines_out_and_says_so(log):
    lines = log.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"step": 3', b'"step": 7')
    log.write_bytes(b"".join(lines) + b'{"event": "Step", "ste')  # the last was cut off by a kill
    notes = []
    RunRecorder("mine", {}, {}, after=5, emit=notes.append)
    with log.open("rb") as kept:
        assert [json.loads(line)["step"] for line in event_log.whole_lines(kept)] == [1, 2, 4, 5]
    assert [type(note) for note in notes] == [Note]
    assert f"{log}: 1 line was changed on the disk, and left out." in notes[0].text
    notes.clear()
    RunRecorder("mine", {}, {}, after=9, emit=notes.append)
    assert notes == []


def test_the_list_of_runs_says_which_log_is_damaged(log):
    (log.parent / "options.json").write_text("{}")
    (log.parent / "run.json").write_text('{"state": "interrupted", "metric": "macro_f1"}')
    assert "left out" not in repr(bm.runs())
    log.write_bytes(log.read_bytes().replace(b'"step": 3', b'"step": 4'))
    shown = repr(bm.runs())
    assert shown.count("1 line was changed on the disk, and left out.") == 1
    (record,) = bm.runs().records
    assert records.metric_curve(record, "macro_f1").damage in record.error
