"""The file of a study that is damaged, locked or of another version: one error, and the trials of a whole one."""

import os
import random
import sqlite3
from contextlib import closing

import pytest

from bertmagic.errors import BertMagicError, FileError, OptionError
from bertmagic.options.ranges import choice
from bertmagic.tuning import study

RANGES = {"lr": choice(1e-3, 1e-4)}


def opened(path, **facts):
    return study.open_study(path, {"metric": "f1", **facts}, True, 0, 4)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The bytes of a study with two trials."""
    path = tmp_path_factory.mktemp("study") / "study.db"
    with opened(path) as known:
        for score in (0.5, 0.7):
            attempt = known.ask(RANGES)
            attempt.measured(score)
            attempt.end("complete", 1.0, score)
    return path.read_bytes()


@pytest.fixture
def path(content, tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(content)
    return path


def change(path, command):
    with closing(sqlite3.connect(path)) as database:
        assert database.execute(command).rowcount
        database.commit()


def remove(path):
    path.unlink()
    return path


DAMAGES = {
    "text": lambda path: path.write_text("a search" * 100),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "zeros": lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(90_000)),
    "a folder": lambda path: remove(path).mkdir(),
    "a link to itself": lambda path: remove(path).symlink_to(path.name),
    "a pipe": lambda path: os.mkfifo(remove(path)),
    "a revision": lambda path: change(path, "UPDATE alembic_version SET version_num = 'v99'"),
    "facts": lambda path: change(path, "UPDATE study_user_attributes SET value_json = '{'"),
    "scores": lambda path: change(path, "UPDATE trial_user_attributes SET value_json = 'oops'"),
    "parameters": lambda path: change(path, "UPDATE trial_params SET distribution_json = '[]'"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_study_is_one_error_that_names_the_file_and_the_way_on(path, name):
    DAMAGES[name](path)
    with pytest.raises(FileError) as caught, opened(path):
        pass
    assert str(path) in caught.value.what
    assert "study2" in caught.value.fix
    assert len(str(caught.value)) < 1000
    with opened(path.with_name("study2.db")) as known:
        known.ask(RANGES)


def test_a_locked_study_is_one_error_and_stays(path, monkeypatch):
    monkeypatch.setattr(study, "_WAIT", 0.05)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FileError, match="is locked: another process") as caught, opened(path):
            pass
        assert "Wait until that search has ended" in caught.value.fix
    with opened(path) as known:
        assert [trial.score for trial in known.trials()] == [0.5, 0.7]


def test_the_study_of_another_search_is_refused_and_stays(path):
    with pytest.raises(OptionError, match="of another search"), opened(path, data="x"):
        pass
    with opened(path) as known:
        assert len(known.trials()) == 2


def test_flipped_bits_of_a_study_are_noticed_or_change_nothing(path):
    with opened(path) as known:
        before = known.trials()
    whole, generator = path.read_bytes(), random.Random(0)
    filled = [at for at, byte in enumerate(whole) if byte]
    messages = []
    for _ in range(40):
        changed = bytearray(whole)
        changed[at := generator.choice(filled)] ^= 1 << generator.randrange(8)
        path.write_bytes(changed)
        try:
            with opened(path) as known:
                assert known.trials() == before, at
        except BertMagicError as error:
            messages.append(error.what)
    assert len(messages) > 20
    assert all(str(path) in message for message in messages)


def test_a_study_of_an_earlier_version_has_no_digests_and_is_read(path):
    change(path, "DELETE FROM trial_user_attributes WHERE key = 'digest'")
    with opened(path) as known:
        assert [trial.score for trial in known.trials()] == [0.5, 0.7]


def test_a_kill_between_the_digest_and_the_end_of_a_trial_is_no_damage(path, monkeypatch):
    with opened(path) as known:
        attempt = known.ask(RANGES)
        monkeypatch.setattr(type(known._study), "tell", lambda *given, **known: None)
        attempt.end("complete", 1.0, 0.9)
    monkeypatch.undo()
    with opened(path) as known:
        assert [trial.state for trial in known.trials()] == ["complete", "complete", "failed"]
