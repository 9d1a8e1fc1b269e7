"""Tokens from disk: the same bytes, no call of the tokenizer, nothing that a second kernel or a full disk breaks."""

import builtins
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from transformers import BertTokenizer

from bertmagic.data import cache, store
from bertmagic.data.tokenization import encode
from tests import forks

TEXTS = [f"the film number {i} was {'really ' * (i % 20)} good" for i in range(600)]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def calls(tokenizer, monkeypatch):
    """How many texts the tokenizer was given."""
    given = []
    plain = type(tokenizer).__call__

    def counted(self, *args, **known):
        given.append(1)
        return plain(self, *args, **known)

    monkeypatch.setattr(type(tokenizer), "__call__", counted)
    return given


def entries(home):
    return sorted((home / "cache" / "tokens").glob("*.tokens"))


def assert_same(tokens, expected):
    assert tokens.ids.dtype == np.int32
    assert tokens.ids.tobytes() == expected.ids.tobytes()
    assert tokens.offsets.tobytes() == expected.offsets.tobytes()
    assert (tokens.truncated, tokens.unknown) == (expected.truncated, expected.unknown)
    for name in ("windows", "second", "spans"):
        one, other = getattr(tokens, name), getattr(expected, name)
        assert (one is None) == (other is None)
        assert one is None or (one.dtype, one.tobytes()) == (other.dtype, other.tobytes())


@pytest.mark.parametrize("long_text", ["truncate", "head_tail", "window"])
def test_the_second_time_no_tokenizer_is_called_and_all_bytes_are_the_same(tokenizer, home, calls, long_text):
    expected = encode(tokenizer, TEXTS, 16, long_text)
    assert_same(cache.Cache(home, tokenizer, 16, long_text).encode(TEXTS), expected)
    calls.clear()
    seen = []
    again = cache.Cache(home, tokenizer, 16, long_text).encode(
        list(TEXTS), lambda done, total: seen.append((done, total))
    )
    assert_same(again, expected)
    assert (calls, seen) == ([], [(600, 600)])
    assert not again.ids.flags.owndata
    assert again.truncated > 100


@pytest.mark.parametrize("long_text", ["truncate", "window"])
def test_pairs_and_the_characters_of_tokens_are_kept_too(tokenizer, home, calls, long_text):
    kept = cache.Cache(home, tokenizer, 16, long_text, stride=3)
    pairs = [text[::-1] for text in TEXTS]
    expected = encode(tokenizer, TEXTS, 16, long_text, pairs=pairs, stride=3, spans=True)
    kept.encode(TEXTS, pairs=pairs, spans=True)
    calls.clear()
    again = kept.encode(TEXTS, pairs=pairs, spans=True)
    assert calls == []
    assert_same(again, expected)
    keys = [kept.key(TEXTS), kept.key(TEXTS, pairs), kept.key(TEXTS, spans=True), kept.key(TEXTS, TEXTS)]
    assert len({*keys, cache.Cache(home, tokenizer, 16, long_text).key(TEXTS)}) == 5


def test_few_texts_are_not_worth_a_file(tokenizer, home):
    assert_same(cache.Cache(home, tokenizer, 64).encode(TEXTS[:100]), encode(tokenizer, TEXTS[:100], 64))
    assert not home.exists()


def test_git_is_told_to_leave_the_cache_alone(tokenizer, home):
    cache.Cache(home, tokenizer, 64).encode(TEXTS)
    assert (home / "cache" / "tokens" / ".gitignore").read_text() == "*\n"


def key(tokenizer, texts, max_length, long_text):
    return cache.Cache(Path(), tokenizer, max_length, long_text).key(texts)


def another(tokenizer, words=(), **known):
    return BertTokenizer(vocab={**tokenizer.get_vocab(), **{word: len(tokenizer) for word in words}}, **known)


def test_the_key_has_all_that_decides_the_ids(tokenizer):
    class Renamed(BertTokenizer):
        pass

    added = another(tokenizer)
    added.add_tokens(["film number"])
    keys = [
        key(tokenizer, TEXTS, 64, "truncate"),
        key(tokenizer, TEXTS, 65, "truncate"),
        key(tokenizer, TEXTS, 64, "head_tail"),
        key(tokenizer, TEXTS, 64, "window"),
        key(tokenizer, TEXTS[:-1], 64, "truncate"),
        key(tokenizer, [*TEXTS, ""], 64, "truncate"),
        key(tokenizer, TEXTS[::-1], 64, "truncate"),
        key(tokenizer, [*TEXTS[:-1], TEXTS[-1] + " "], 64, "truncate"),
        key(another(tokenizer, words=["number"]), TEXTS, 64, "truncate"),
        key(another(tokenizer, do_lower_case=False), TEXTS, 64, "truncate"),
        key(another(tokenizer, sep_token="[MASK]"), TEXTS, 64, "truncate"),
        key(added, TEXTS, 64, "truncate"),
        key(Renamed(vocab=tokenizer.get_vocab()), TEXTS, 64, "truncate"),
    ]
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_the_files_of_a_tokenizer_just_loaded_tell_its_content(tokenizer, tmp_path):
    """A change of any file but the weights gives another key; the place of the folder gives none."""
    keys = []
    for number, name in enumerate(("first", "second", "third")):
        tokenizer.save_pretrained(tmp_path / name)
        (tmp_path / name / "model.safetensors").write_bytes(b"w" * number)
        if name == "third":
            config = tmp_path / name / "tokenizer_config.json"
            config.write_text(config.read_text() + " ")
        keys.append(cache.Cache(tmp_path, tokenizer, 64, source=tmp_path / name).key(TEXTS))
    assert keys[0] == keys[1] != keys[2]
    gone = cache.Cache(tmp_path, tokenizer, 64, source=tmp_path / "gone")  # then the tokenizer writes itself
    assert gone.key(TEXTS) == key(tokenizer, TEXTS, 64, "truncate")


def test_the_key_knows_where_a_text_ends(tokenizer):
    cuts = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"]]
    assert len({key(tokenizer, texts, 64, "truncate") for texts in cuts}) == 5
    assert key(tokenizer, ["\ud83d"], 64, "truncate") != key(tokenizer, ["?"], 64, "truncate")


def test_the_key_does_not_know_what_was_called_before(tokenizer):
    before = key(tokenizer, TEXTS, 64, "truncate")
    used = another(tokenizer, model_max_length=64)
    used(["a", "b c"], padding=True, truncation=True, max_length=3)
    assert key(used, TEXTS, 64, "truncate") == before
    tokenizer("a")
    assert key(tokenizer, tuple(TEXTS), 64, "truncate") == before


def test_a_tokenizer_written_in_python_is_not_cached(tokenizer, home, monkeypatch):
    monkeypatch.setattr(type(tokenizer), "backend_tokenizer", None)
    assert key(tokenizer, TEXTS, 64, "truncate") is None
    monkeypatch.undo()
    monkeypatch.setattr(cache.Cache, "key", lambda *known: None)
    assert len(cache.Cache(home, tokenizer, 64).encode(TEXTS)) == 600
    assert not home.exists()


@pytest.mark.parametrize("at", [0, 3, 20, 50, 300, 700, 5000, -9, -1])
def test_a_flipped_byte_is_found_and_the_entry_made_anew(tokenizer, home, calls, at):
    expected = cache.Cache(home, tokenizer, 64).encode(TEXTS)
    (path,) = entries(home)
    good = path.read_bytes()
    broken = bytearray(good)
    broken[at] ^= 1
    path.unlink()  # the first result has it mapped
    path.write_bytes(broken)
    assert cache.read(path) is None
    calls.clear()
    assert_same(cache.Cache(home, tokenizer, 64).encode(TEXTS), expected)
    assert calls
    assert path.read_bytes() == good


@pytest.mark.parametrize("size", [0, 10, 64, 5000])
def test_a_file_of_another_size_is_found(tokenizer, home, size):
    cache.Cache(home, tokenizer, 64).encode(TEXTS)
    (path,) = entries(home)
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:size])
    assert cache.read(path) is None
    path.write_bytes(whole + b"\0")
    assert cache.read(path) is None


@pytest.fixture
def room():
    """Return a function that limits how many bytes a file may have, as a disk does that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1, 5_000, 50_000, 95_000, 99.9])
def test_a_full_disk_only_means_no_caching(tokenizer, home, room, size):
    """The disk is full at the first byte, in the middle of the ids, while the entry is written, and at its checksum."""
    expected = encode(tokenizer, TEXTS * 3, 64)
    assert expected.ids.nbytes > 95_000
    if size == 99.9:
        cache.Cache(home, tokenizer, 64).encode(TEXTS * 3)
        (whole,) = entries(home)
        size = whole.stat().st_size - 1
        whole.unlink()
    (home / "cache" / "tokens").mkdir(parents=True, exist_ok=True)
    (home / "cache" / "tokens" / ".gitignore").write_text("*\n")
    room(max(size, 2))
    assert_same(cache.Cache(home, tokenizer, 64).encode(TEXTS * 3), expected)
    assert [path.name for path in (home / "cache" / "tokens").iterdir()] == [".gitignore"]


def test_an_entry_is_arrow_that_other_programs_read(tokenizer, home):
    expected = cache.Cache(home, tokenizer, 64).encode(TEXTS)
    (path,) = entries(home)
    (row,) = pa.ipc.open_stream(path.read_bytes()).read_all().to_pylist()
    assert row["ids"] == expected.ids.tolist()
    assert row["offsets"] == expected.offsets.tolist()
    assert (row["windows"], row["second"], row["spans"], row["truncated"]) == (None, None, None, 0)


def test_an_entry_of_an_earlier_format_is_ignored_and_counts_as_least_recently_used(tokenizer, home, monkeypatch):
    folder = home / "cache" / "tokens"
    folder.mkdir(parents=True)
    old = folder / f"{'0' * 64}.tokens"
    old.write_bytes(b"bmtoken2" + bytes(5_000))
    os.utime(old, (1000, 1000))
    assert cache.read(old) is None
    monkeypatch.setattr(store, "MOST", 1)
    assert len(cache.Cache(home, tokenizer, 64).encode(TEXTS)) == 600
    assert not old.exists()


def test_a_folder_that_cannot_be_made_only_means_no_caching(tokenizer, home):
    home.write_text("a file stands where the folder should be")
    assert len(cache.Cache(home, tokenizer, 64).encode(TEXTS)) == 600


def test_a_stop_while_tokenizing_leaves_no_file(tokenizer, home):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.Cache(home, tokenizer, 64).encode(TEXTS, stop)
    assert [path.name for path in (home / "cache" / "tokens").iterdir()] == [".gitignore"]


def test_the_entries_used_least_recently_are_removed(tokenizer, home, monkeypatch):
    first = cache.Cache(home, tokenizer, 64).encode(TEXTS)
    (oldest,) = entries(home)
    size = oldest.stat().st_size
    monkeypatch.setattr(store, "LIMIT", 3.5 * size)
    made = {oldest: 0}
    for length in (63, 62, 61):
        for path in entries(home):  # the first, used again, counts as new
            os.utime(path, (1000 + made[path],) * 2)
        assert len(cache.Cache(home, tokenizer, 64).encode(TEXTS)) == 600
        cache.Cache(home, tokenizer, length).encode(TEXTS)
        made |= {path: len(made) for path in entries(home) if path not in made}
    left = entries(home)
    assert len(left) == 3
    assert oldest in left
    assert sum(path.stat().st_size for path in left) <= store.LIMIT
    monkeypatch.setattr(store, "LIMIT", size / 2)
    last = cache.Cache(home, tokenizer, 60).encode(TEXTS)
    assert entries(home) == []
    assert_same(first, encode(tokenizer, TEXTS, 64))  # what is mapped stays readable
    assert_same(last, encode(tokenizer, TEXTS, 60))


def test_the_number_of_entries_is_bounded_and_left_files_are_removed(tokenizer, home, monkeypatch):
    monkeypatch.setattr(store, "MOST", 2)
    folder = home / "cache" / "tokens"
    folder.mkdir(parents=True)
    for name, age in ((".left.01234567", 7200), (".written.01234567", 5)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    for length in (64, 63, 62):
        cache.Cache(home, tokenizer, length).encode(TEXTS)
    assert len(entries(home)) == 2
    assert [path.name for path in folder.glob(".*.01234567")] == [".written.01234567"]


def test_nothing_is_unpickled(tokenizer, home, monkeypatch):
    cache.Cache(home, tokenizer, 64).encode(TEXTS)
    load = builtins.__import__

    def refuse(name, *known):
        assert "pickle" not in name
        return load(name, *known)

    monkeypatch.setattr(np, "load", None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    assert len(cache.Cache(home, tokenizer, 64).encode(TEXTS)) == 600


CHILD = """
import sys
from pathlib import Path
from transformers import AutoTokenizer
from bertmagic.data import cache
home, texts = Path(sys.argv[2]), Path(sys.argv[3]).read_text().split("\\n")
tokenizer, calls = AutoTokenizer.from_pretrained(sys.argv[1]), []
plain = type(tokenizer).__call__

def counted(self, *args, **known):
    if not calls:
        print("tokenizing", flush=True)
        sys.stdin.readline()
    calls.append(1)
    return plain(self, *args, **known)

type(tokenizer).__call__ = counted
tokens = cache.Cache(home, tokenizer, 64).encode(texts)
print(len(calls), len(tokens), int(tokens.ids.astype("int64").sum()))
"""


def child(encoder, home, texts):
    command = [sys.executable, "-c", CHILD, str(encoder), str(home), str(texts)]
    return forks.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def numbers_of(process):
    """The numbers that a child prints: calls of the tokenizer, rows, the sum of the ids."""
    out, _ = process.communicate("go\n", timeout=300)
    assert process.returncode == 0
    return [int(word) for word in out.split()]


def test_other_processes_find_it_and_two_may_write_it_at_once(encoder, tokenizer, home, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS))
    expected = encode(tokenizer, TEXTS, 64)
    total = int(expected.ids.astype(np.int64).sum())
    together = [child(encoder, home, texts) for _ in range(2)]
    assert [process.stdout.readline() for process in together] == ["tokenizing\n"] * 2  # neither has found an entry
    for calls, rows, id_sum in map(numbers_of, together):
        assert calls > 0
        assert (rows, id_sum) == (600, total)
    assert len(entries(home)) == 1
    assert not list(Path(home).rglob(".*.tokens.*"))
    assert_same(cache.read(entries(home)[0]), expected)
    assert numbers_of(child(encoder, home, texts)) == [0, 600, total]
