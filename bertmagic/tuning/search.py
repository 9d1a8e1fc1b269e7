"""A search: one fine-tuning run per trial of a study; the best model is kept."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files
from bertmagic.errors import OptionError, TrainingError, empty_frames
from bertmagic.events import Evaluated, Event, Listener, Note
from bertmagic.magic_words import without_magics
from bertmagic.models import devices
from bertmagic.options import LOWER_IS_BETTER, Finetune, Tune
from bertmagic.options.ranges import HOW, Range
from bertmagic.run import folders
from bertmagic.tuning import study
from bertmagic.tuning.results import Search, Trial
from bertmagic.workflows import finetune, resolve, training_rows
from bertmagic.workflows.prepare import prepare

if TYPE_CHECKING:
    from bertmagic.run.stopping import StopButton
    from bertmagic.tuning.study import Attempt, Study
    from bertmagic.workflows.prepare import Prepared

Writer = Callable[[Mapping[str, Any]], str]
"""Returns the cell that trains with the values of a trial."""

_OUTSIDE = ("name", "train", "validation", "test", "save_to", "device", "trials", "timeout", "study", "lr_find")
"""Options that may differ when a search is continued; the data is compared by its digest."""


class _Pruned(Exception):
    """Ends a trial whose scores are below the median of earlier trials."""


def plain(options: Tune, **values: Any) -> Finetune:
    """Return the options of one trial: the given values, and the first value of any other range."""
    given = {f.name: getattr(options, f.name) for f in fields(Finetune)}
    first = {name: value.values[0] for name, value in given.items() if isinstance(value, Range)}
    return Finetune(**{**given, "keep": options.keep or "best", **first, **values})


def ranges(options: Tune) -> dict[str, Range]:
    """Return the options that have a range."""
    given = {f.name: getattr(options, f.name) for f in fields(options)}
    return {name: value for name, value in given.items() if isinstance(value, Range)}


def run(
    options: Tune, on_change: Callable[[Search], None], emit: Listener, button: StopButton, write: Writer
) -> Search:
    """Run the trials one after the other, and save the best model as the model of the run.

    Parameters
    ----------
    on_change
        Called with the search whenever it has changed.
    emit
        Called with the events of each trial.
    write
        Writes the cell of the best trial.

    Raises
    ------
    BertMagicError
        If no option has a range, data or options cannot be used, or all trials failed.
    """
    study.require()
    space = ranges(options)
    if not space:
        raise OptionError("no option has a range to search.", f"Give at least one: {HOW}.")
    first = plain(options)
    notes: dict[str, None] = {}

    def heard(event: Event) -> None:
        if isinstance(event, Note):
            notes[event.text] = None
        emit(event)

    prepared = prepare(first, heard)
    if prepared.validation is None:
        raise OptionError("a search needs validation rows to compare by.", "Leave validation out, or give rows.")
    metric = resolve.metric(first.metric, prepared.task)
    _check_lengths(options, space)
    facts = {
        "space": {name: repr(given) for name, given in space.items()},
        "metric": metric,
        "data": folders.digest(prepared.train.texts, prepared.train.targets.tolist()),
        **{name: value for name, value in folders.plain(vars(options)).items() if name not in (*_OUTSIDE, *space)},
    }
    name = options.name or "tuned"
    path = folders.made_folder(name).parent / f"{options.study}.db"
    begun = Search(name, prepared.train.name, facts["space"], metric, metric not in LOWER_IS_BETTER, (), options.trials)
    with study.open_study(path, facts, begun.higher_is_better, options.seed, options.trials) as opened:
        searching = _Searching(options, space, begun, opened, on_change, heard, button, write, notes, prepared)
        return searching.run()


def _check_lengths(options: Tune, space: Mapping[str, Range]) -> None:
    """Raise an error now, and not in each trial, for lengths beyond the limit of the model."""
    wanted = [number for number in getattr(space.get("max_length"), "values", (options.max_length,)) if number]
    if not wanted or "model" in space:
        return
    encoder, _ = resolve.find_encoder(options.model)
    resolve.max_length(max(wanted), options.longest, encoder.max_tokens)


_INTERRUPTED = "interrupted"
"""The note of a trial that the user ended."""


@dataclass
class _Searching:
    options: Tune
    space: Mapping[str, Range]
    begun: Search
    study: Study
    on_change: Callable[[Search], None]
    emit: Listener
    button: StopButton
    write: Writer
    notes: Mapping[str, None]
    prepared: Prepared

    def run(self) -> Search:
        until = time.monotonic() + 60 * (self.options.timeout or math.inf)
        self.on_change(self.now())
        ended = "all trials are done"
        while len((now := self.now()).trials) < now.wanted:
            if time.monotonic() >= until:
                ended = f"the {self.options.timeout:g} minutes are over"
                break
            if not self._try():
                ended = "interrupted"
                break
            self.on_change(self.now())
        search = replace(self.now(), ended=ended, importance=self.study.importance())
        if search.best is None and ended != "interrupted":
            raise TrainingError(*_all_failed(search))
        if search.best is not None:
            self._keep(search.best)
            search = replace(search, cell=self.write({**self._fixed(), **search.best.values}))
        self.on_change(search)
        return search

    def now(self) -> Search:
        trials = self.study.trials()
        # A trial that the user or the end of the kernel cut off says nothing about its values: another one replaces it.
        wanted = self.options.trials + sum(trial.note in (_INTERRUPTED, study.CUT_OFF) for trial in trials)
        search = replace(self.begun, trials=trials, wanted=wanted, notes=tuple(self.notes))
        return replace(search, cell=self.write({**self._fixed(), **search.best.values})) if search.best else search

    def _fixed(self) -> dict[str, Any]:
        """Return the options that are the same in all trials and are not defaults."""
        hidden = ("name", "test", "save_to", *self.space)
        shared = {f.name for f in fields(self.options)} - set(hidden)  # without what only a run has, such as baselines
        defaults = {f.name: f.default for f in fields(Finetune) if f.name in shared}
        given = {name: getattr(self.options, name) for name in defaults}
        return {name: value for name, value in given.items() if not _is(value, defaults[name])}

    def _run_name(self, number: int) -> str:
        return f"{self.begun.name}/trials/{number}"

    def _try(self) -> bool:
        """Run one trial; return whether the search continues."""
        attempt = self.study.ask(self.space)
        began = time.perf_counter()
        state, note, goes_on = self._trained(attempt)
        sign = 1 if self.begun.higher_is_better else -1
        score = max(attempt.scores, key=lambda score: sign * score, default=None) if state == "complete" else None
        if state == "complete" and score is None:
            state, note = "failed", "there was no evaluation"
        attempt.end(state, time.perf_counter() - began, score, note)
        self._tidy()
        devices.empty_cache() if state == "complete" else devices.release()
        return goes_on

    def _trained(self, attempt: Attempt) -> tuple[Any, str, bool]:
        """Run a trial and return its state, a note, and whether the search continues."""

        def heard(event: Event) -> None:
            self.emit(event)
            if isinstance(event, Evaluated) and attempt.measured(float(event.metrics[self.begun.metric])):
                raise _Pruned

        wanted = plain(self.options, **attempt.values, name=self._run_name(attempt.number), test=None, save_to=None,
                       keep_rows=False)  # fmt: skip
        try:
            self.on_change(self.now())
            done = finetune.run(wanted, heard, self.button, checkpointed=False)
        except _Pruned:
            return "pruned", "", True
        except KeyboardInterrupt:
            return "failed", _INTERRUPTED, False
        except Exception as error:  # any error: other values may work
            empty_frames(error)
            return "failed", str(error).partition("\n")[0] or type(error).__name__, not self.button.pressed
        if done.ended.reason == "interrupted":
            return "failed", _INTERRUPTED, False
        return "complete", "", True

    def _tidy(self) -> None:
        """Remove the models of all trials but the best."""
        best = self.now().best
        for trial in self.study.trials():
            if best is None or trial.number != best.number:
                shutil.rmtree(folders.model_folder(self._run_name(trial.number)), ignore_errors=True)

    def _keep(self, best: Trial) -> None:
        """Copy the best model and the record of its run to the folder of the search."""
        source = folders.model_folder(self._run_name(best.number))
        if not source.is_dir():  # a search that was done already
            return
        name = self.begun.name
        with files.replacing(folders.model_folder(name)) as filling:
            shutil.copytree(source, filling, dirs_exist_ok=True)
        for record in source.parent.glob("*.json*"):
            with files.replacing_file(folders.run_folder(name) / record.name) as file:
                file.write(record.read_bytes())
        training_rows.keep(name, self.prepared, plain(self.options), self.emit)


def _is(value: Any, default: Any) -> bool:
    """Whether a value is the default. Only plain values are compared: a table would compare cell by cell."""
    plain_ = value is None or isinstance(value, str | int | float | tuple)
    return value is default or (plain_ and value == default)


def _all_failed(search: Search) -> tuple[str, str]:
    notes = list(dict.fromkeys(trial.note for trial in search.trials if trial.note)) or ["none was evaluated"]
    return (
        f"none of {len(search.trials)} trials has a score: {notes[-1]}",
        without_magics("Narrow the ranges, or try one value with %%bert_finetune."),
    )
