"""The trials of a search on disk: an Optuna study in SQLite, which can be continued after a kernel restart.

An interrupt waits for each step of the database. SQLAlchemy prepares its tables at the first query, once in a process:
where that was cut off, no search worked until the kernel was started anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from bertmagic.errors import BertMagicError, FileError, OptionError, listing
from bertmagic.run.stopping import Uninterrupted
from bertmagic.tuning.results import State, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import optuna

    from bertmagic.options.ranges import Range

_FACTS, _DIGEST = "facts", "digest"
_COUNTED = ("COMPLETE", "PRUNED")
"""The states of trials that values are proposed from."""
_STATES: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
_WAIT = 5.0
"""Seconds to wait for another process that writes to the same study."""
CUT_OFF = "the kernel ended in it"
"""The note of a trial whose process ended in it."""

_FEWEST = 5
"""With fewer scores the importance of options is not computed."""


def require() -> None:
    """Raise an `OptionError` with what to install, if optuna is missing."""
    if importlib.util.find_spec("optuna") is None:
        raise OptionError("a search needs optuna, which is not installed.", 'Install it: pip install "bertmagic[tune]"')


@contextmanager
def open_study(path: Path, facts: Mapping[str, Any], higher_is_better: bool, seed: int, wanted: int) -> Iterator[Study]:
    """Open the study in a file, or create one. Trials that a kill ended are marked as failed.

    The first third of the trials, at most ten, are random; then TPE (Bergstra et al. 2011) proposes the values. A trial
    is pruned from its second evaluation on if it is worse than the median of earlier trials.

    Raises
    ------
    OptionError
        If the file has another search.
    FileError
        If the file cannot be written, is damaged, of another version of Optuna, or locked by another process.
    """
    import optuna

    with _storage(path) as storage:
        with Uninterrupted(), _readable(path):
            study = optuna.create_study(
                storage=storage, study_name="bertmagic", load_if_exists=True,
                direction="maximize" if higher_is_better else "minimize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
            )  # fmt: skip
            _compare(study, facts, path)
            opened = Study(study)
            study.sampler = optuna.samplers.TPESampler(
                n_startup_trials=max(3, min(10, wanted // 3)), seed=seed + len(opened.trials())
            )
            opened.forget_running()
            if (changed := opened.changed()) is not None:
                raise _damaged(path, f"trial {changed} is not what was written")
        yield opened


@contextmanager
def _storage(path: Path) -> Iterator[optuna.storages.RDBStorage]:
    """Open a SQLite file for Optuna, without its messages; what the disk refuses becomes one error."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise _damaged(path, "it is not a file")
        with Uninterrupted(), _readable(path):
            url = f"sqlite:///{path.resolve().as_posix()}"
            storage = optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": _WAIT}})
            _check_pages(storage, path)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error if isinstance(error, SQLAlchemyError) else error.__cause__
        raise _refused(path, str(getattr(cause, "orig", None) or error)) from error
    finally:
        optuna.logging.set_verbosity(level)


def _check_pages(storage: optuna.storages.RDBStorage, path: Path) -> None:
    """Raise a `FileError` if the pages and indices of the file do not agree: whole tables would read as empty."""
    with storage.engine.connect() as connection:
        found = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
    if found != "ok":
        storage.engine.dispose()
        raise _damaged(path, found)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what Optuna raises for a study that it cannot read into one error.

    Raises
    ------
    FileError
        For any error that is neither ours nor the database's.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (BertMagicError, SQLAlchemyError, optuna.exceptions.StorageInternalError):
        raise
    except Exception as error:  # a schema of another version, values that are not JSON, a link to itself …
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _refused(path: Path, reason: str) -> FileError:
    """Return the error for what SQLite said of a file."""
    if "locked" in reason or "busy" in reason:
        return FileError(
            f"the study in {path} is locked: another process is writing to it ({reason}).",
            f"Wait until that search has ended, or begin one of another name: {_other(path)}.",
        )
    if any(words in reason for words in _DISK):
        return FileError(
            f"{path} cannot be written: {reason}.",
            "Free space there, make it and its folder writable, or set BERTMAGIC_HOME to another folder.",
        )
    return _damaged(path, reason)


_DISK = ("disk I/O", "is full", "readonly", "unable to open")
"""What SQLite says where the disk refuses."""


def _damaged(path: Path, reason: str) -> FileError:
    first = reason.strip().partition("\n")[0][:300]
    return FileError(
        f"the study in {path} is damaged, or of another version of Optuna ({first}).",
        f"Delete it to begin anew, or begin one of another name: {_other(path)}.",
    )


def _other(path: Path) -> str:
    return f'study = "{path.stem}2"'


def _compare(study: optuna.Study, facts: Mapping[str, Any], path: Path) -> None:
    before, now = study.user_attrs.get(_FACTS), json.loads(json.dumps(facts))
    if not isinstance(before, dict):
        study.set_user_attr(_FACTS, now)
        return
    differ = [
        f"{name} was {before.get(name)} and is {now.get(name)}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    if differ:
        raise OptionError(
            f"the study in {path} is of another search: {listing(differ, 4)}.",
            f"Give what it had, or begin one of another name: {_other(path)}.",
        )


class Study:
    """The trials of a search."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    @Uninterrupted()
    def ask(self, ranges: Mapping[str, Range]) -> Attempt:
        """Begin a trial."""
        trial = self._study.ask()
        values = {name: _proposed(trial, name, given) for name, given in ranges.items()}
        trial.set_user_attr("values", values)
        return Attempt(self._study, trial, values)

    @Uninterrupted()
    def trials(self) -> tuple[Trial, ...]:
        """Return all trials so far."""
        return tuple(map(_to_trial, self._study.get_trials(deepcopy=False)))

    def forget_running(self) -> None:
        """Mark trials as failed whose process has ended."""
        import optuna

        for trial in self._study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def changed(self) -> int | None:
        """Return the number of a trial that changed on the disk since it ended; None if there is none.

        Trials of earlier versions have no digest. One that failed is not checked: nothing is computed from it.
        """
        ended = [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.name in _COUNTED]
        if not any(_DIGEST in trial.user_attrs for trial in ended):
            return None
        differ = (
            trial.number
            for trial in ended
            if trial.user_attrs.get(_DIGEST) != _digest(trial, trial.state.name, trial.value)
        )
        return next(differ, None)

    def importance(self) -> dict[str, float]:
        """Return the share of the scores' variance that each option explains; empty if it cannot be computed."""
        import optuna

        complete = self._study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
        if len(complete) < _FEWEST:
            return {}
        with suppress(ValueError, RuntimeError):  # all scores are the same, say
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
            return dict(optuna.importance.get_param_importances(self._study, evaluator=evaluator))
        return {}


class Attempt:
    """A running trial."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial, values: dict[str, Any]) -> None:
        self._study, self._trial, self.values = study, trial, values
        self.scores: list[float] = []

    @property
    def number(self) -> int:
        """Its number, from 0 on."""
        return int(self._trial.number)

    @Uninterrupted()
    def measured(self, score: float) -> bool:
        """Record the score of an evaluation, and return whether the trial should be pruned."""
        self.scores.append(score)
        self._trial.report(score, len(self.scores))
        self._trial.set_user_attr("scores", self.scores)
        return bool(self._trial.should_prune())

    @Uninterrupted()
    def end(self, state: State, seconds: float, score: float | None = None, note: str = "") -> None:
        """Record how it ended."""
        import optuna

        self._trial.set_user_attr("seconds", round(seconds, 2))
        if note:
            self._trial.set_user_attr("note", note)
        name = next(name for name, known in _STATES.items() if known == state)
        kept = self._study.get_trials(deepcopy=False)[self.number]
        self._trial.set_user_attr(_DIGEST, _digest(kept, name, score))
        self._study.tell(self._trial, score, state=optuna.trial.TrialState[name])


def _digest(trial: optuna.trial.FrozenTrial, state: str, score: float | None) -> str:
    """Return the digest of what a trial that ended has in the study: SQLite has no checksums."""
    from optuna.distributions import distribution_to_json

    ranges = {name: distribution_to_json(one) for name, one in trial.distributions.items()}
    attributes = {name: value for name, value in trial.user_attrs.items() if name != _DIGEST}
    reported = sorted(trial.intermediate_values.items())
    score = score if state == "COMPLETE" else None  # Optuna gives a pruned trial its last value
    content = [trial.number, state, score, trial.params, ranges, attributes, reported]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _proposed(trial: optuna.Trial, name: str, given: Range) -> Any:
    """Return a value of a range; a fraction has three significant digits, so that it can be typed again."""
    if given.kind == "choice":
        return trial.suggest_categorical(name, list(given.values))
    low, high = given.values
    if given.whole:
        return trial.suggest_int(name, low, high, log=given.kind == "log")
    value = trial.suggest_float(name, low, high, log=given.kind == "log")
    return min(max(float(f"{value:.3g}"), low), high)


def _to_trial(trial: optuna.trial.FrozenTrial) -> Trial:
    kept = trial.user_attrs
    state = _STATES.get(trial.state.name, "failed")
    return Trial(
        number=trial.number,
        values=kept.get("values", {}),
        state=state,
        score=cast("float | None", trial.value) if state == "complete" else None,
        scores=tuple(kept.get("scores", ())),
        seconds=float(kept.get("seconds", 0.0)),
        note=str(kept.get("note", "" if state != "failed" else CUT_OFF)),
    )
