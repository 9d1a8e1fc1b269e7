"""The functions and the class that magics and scripts call: ``import bertmagic as bm``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from bertmagic import launch
from bertmagic import options as table
from bertmagic.data.variables import names_by_caller
from bertmagic.display import publish
from bertmagic.errors import OptionError, count, listing, named_memory_errors
from bertmagic.models import devices
from bertmagic.registry import encoder_reference, find, for_comparison, held, load, rows_for_baselines, runs_here
from bertmagic.run import folders, jobs
from bertmagic.run.jobs import Job
from bertmagic.run.stopping import WholeImports
from bertmagic.text_model import TextModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bertmagic.data.report import DataReport
    from bertmagic.evaluation.comparison import ModelComparison
    from bertmagic.events import Listener
    from bertmagic.export.result import Export
    from bertmagic.inference.similarities import Similarities
    from bertmagic.models.new_encoder import Size
    from bertmagic.models.status import Catalogue, Status
    from bertmagic.options.files import FileOptions
    from bertmagic.options.terms import Pooling
    from bertmagic.run.difference import RunDifference
    from bertmagic.run.records import Runs
    from bertmagic.tuning.results import Advice, Rates, Search

__all__ = [
    "Job", "TextModel", "catalogue", "check", "compare", "export", "find", "finetune", "held", "load", "new_model",
    "pretrain", "runs", "runs_here", "similar", "status", "tune",
]  # fmt: skip


@overload
def finetune(
    train: Any = None, *, background: Literal[True], on_event: Listener | None = None, show: bool = True, **options: Any
) -> Job: ...


@overload
def finetune(
    train: Any = None, *, background: Literal[False] = False, on_event: Listener | None = None, show: bool = True,
    **options: Any,
) -> TextModel: ...  # fmt: skip


@names_by_caller
def finetune(
    train: Any = None, *, on_event: Listener | None = None, show: bool = True, **options: Any
) -> TextModel | Job:
    """Fine-tune a pre-trained encoder on your own table.

    Shows a live panel in a notebook and lines of text elsewhere; the options are those of ``%%bert_finetune``.

    Parameters
    ----------
    on_event
        Called with every event of the run, see `bertmagic.events`; in the run's thread.
    show
        Whether to show the panel and the report.

    Returns
    -------
    TextModel
        With the best weights, also kept in the run's folder.
    Job
        Returned at once with ``background=True``: training continues in the background, and the job gets the model.

    Raises
    ------
    BertMagicError
        If data, model or options cannot be used.
    TrainingError
        If it diverged; its ``model`` has the last good weights.
    Interrupted
        If it was stopped; its ``model`` has the best weights so far.

    Examples
    --------
    >>> model = finetune("sample:reviews", label="sentiment", max_steps=20)  # doctest: +SKIP
    """
    return launch.train(table.read(table.Finetune, {"train": train, **options}), on_event, show)


@overload
def pretrain(
    train: Any = None, *, background: Literal[True], on_event: Listener | None = None, show: bool = True, **options: Any
) -> Job: ...


@overload
def pretrain(
    train: Any = None, *, background: Literal[False] = False, on_event: Listener | None = None, show: bool = True,
    **options: Any,
) -> TextModel: ...  # fmt: skip


@names_by_caller
def pretrain(
    train: Any = None, *, on_event: Listener | None = None, show: bool = True, **options: Any
) -> TextModel | Job:
    """Continue pre-training an encoder on your own text, or pre-train one of `new_model`.

    The options are those of ``%%bert_pretrain``. The result fills masks, and `finetune` can start from it.

    Parameters
    ----------
    on_event, show
        As in `finetune`.

    Returns
    -------
    TextModel
        With the best weights, also kept in the run's folder.
    Job
        Returned at once with ``background=True``.

    Raises
    ------
    BertMagicError
        If text, model or options cannot be used.
    TrainingError
        If it diverged; its ``model`` has the last good weights.
    Interrupted
        If it was stopped; its ``model`` has the best weights so far.

    Examples
    --------
    >>> model = pretrain("sample:reviews", text="review", max_steps=20)  # doctest: +SKIP
    >>> model.fill("It was a [MASK] film.")  # doctest: +SKIP
    """
    return launch.train(table.read(table.Pretrain, {"train": train, **options}), on_event, show)


@names_by_caller
def tune(
    train: Any = None,
    *,
    on_event: Listener | None = None,
    show: bool = True,
    sources: Mapping[str, str] | None = None,
    **options: Any,
) -> Search | Rates:
    """Search for good values of the options that have a range; with ``lr_find=True`` only for a learning rate.

    The options are those of ``%%bert_tune``. The model of the best trial becomes the run ``name``.

    Parameters
    ----------
    on_event, show
        As in `finetune`, for every trial.
    sources
        The code of options whose value is not a literal, for the cell of the best trial.

    Raises
    ------
    BertMagicError
        If data, model or options cannot be used, or no trial succeeds.
    Interrupted
        If it was stopped; its ``model`` is the best so far.

    Examples
    --------
    >>> search = bm.tune("sample:reviews", label="sentiment", lr=bm.log(1e-5, 1e-3), trials=8)  # doctest: +SKIP
    >>> search.best.values, search.model  # doctest: +SKIP
    """
    return launch.search(table.read(table.Tune, {"train": train, **options}), on_event, show, sources)


@table.keywords(table.commands.Runs)
def runs(
    names: Sequence[str] = (), *, sort: str = "date", task: str | None = None, state: str | None = None,
    against: str = "date", diff: Sequence[str] = (),
) -> Runs | RunDifference:  # fmt: skip
    """Return the runs of this folder, also of earlier kernels; or the differences between two runs.

    Parameters
    ----------
    names
        Only runs with these names; ``*`` matches any characters.
    sort
        ``date``, ``name``, ``seconds``, ``steps`` or a metric: the newest, or the best, come first.
    task, state
        Only runs of this task, and in this state.
    against
        The horizontal axis of the figure: ``date``, ``seconds`` or ``steps``.
    diff
        Two runs to compare: options, data and results that differ.

    Returns
    -------
    Runs
        With a ``frame`` of one row per run; shows a table and a figure.
    RunDifference
        With ``diff``: a ``frame`` of one row per difference.

    Raises
    ------
    UnknownReference
        If ``names`` or ``diff`` name no run.
    OptionError
        If no run has the metric.
    """
    from bertmagic.run import difference, records

    given = {"names": names, "sort": sort, "task": task, "state": state, "against": against, "diff": diff}
    chosen = table.read(table.commands.Runs, given)
    if not chosen.diff:
        return records.list_runs(chosen)
    if len(chosen.diff) != 2:
        raise OptionError(f"diff has {count(len(chosen.diff), 'run')}.", "Give the names of two: diff = ['A', 'B'].")
    known, _ = records.read_runs()
    first, second = (records.find_run(known, name) for name in chosen.diff)
    return difference.compare(first, second)


@names_by_caller
@table.keywords(table.commands.Check)
@WholeImports()
@named_memory_errors()
def check(
    data: Any, *, text: table.Columns = None, label: table.Columns = None, question: str | None = None,
    context: str | None = None, answers: str | None = None, task: str | None = None, model: Any = "minilm",
    max_length: int | None = None, **reading: Unpack[FileOptions],
) -> DataReport:  # fmt: skip
    """Describe a data set and report its problems, without training.

    Parameters
    ----------
    data, text, label, question, context, answers, task
        As in `finetune`, where ``data`` is ``train``; ``label`` may be missing.
    model
        The encoder whose tokenizer counts tokens and unknown words.
    max_length
        The length in tokens after which texts are cut; by default the model's limit, at most 512.
    reading
        How a file is to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.
    """
    columns = {"text": text, "label": label, "question": question, "context": context, "answers": answers}
    given = {"data": data, **columns, "task": task, "model": model, "max_length": max_length, **reading}
    chosen = table.read(table.commands.Check, given)
    with publish.working() as emit:
        from bertmagic.workflows.check import report

        return report(replace(chosen, model=encoder_reference(chosen.model)), emit)


@names_by_caller
@table.keywords(table.commands.Similar)
def similar(
    texts: Any, among: Any = None, *, model: Any = None, top_k: int = 10, pooling: Pooling | None = None,
    text: table.Columns = None, file: str | None = None, show: bool = True, **reading: Unpack[FileOptions],
) -> Similarities:  # fmt: skip
    """Return the texts that are most similar to each query, by the cosine of their vectors.

    Parameters
    ----------
    model
        A model or the name of one, such as ``"minilm"``; by default the one that was trained or loaded last.
    texts, among, top_k, pooling, text, file, show, reading
        As in `TextModel.similar`.

    Examples
    --------
    >>> bm.similar("The battery died.", "It holds no charge.", model="minilm").score  # doctest: +SKIP
    >>> bm.similar("It broke at once.", reviews, text="review", model="minilm").frame  # doctest: +SKIP
    """
    return find(model).similar(
        texts, among, top_k=top_k, pooling=pooling, text=text, file=file, show=show, **reading
    )  # fmt: skip


@names_by_caller
@table.keywords(table.commands.Export)
def export(
    name: Any, path: str | Path, *, format: str = "onnx", check: Any = None, keep: float = 0.993,
    text: table.Columns = None, question: str | None = None, context: str | None = None, show: bool = True,
) -> Export:  # fmt: skip
    """Write a model to a folder that runs without bertmagic and PyTorch, once it gives the same predictions.

    Parameters
    ----------
    name
        A model, or the name of one.
    path, format, check, keep, text, question, context, show
        As in `TextModel.export`.

    Examples
    --------
    >>> bm.export("sentiment", "exported/sentiment")  # doctest: +SKIP
    """
    return find(name).export(
        path, format=format, check=check, keep=keep, text=text, question=question, context=context, show=show
    )


@table.keywords(table.commands.Compare)
@WholeImports()
@named_memory_errors()
def compare(
    models: Sequence[Any], data: Any, *, train: Any = None, text: table.Columns = None, label: table.Columns = None,
    question: str | None = None, context: str | None = None, answers: str | None = None, price: float | None = None,
    show: bool = True, **reading: Unpack[FileOptions],
) -> ModelComparison:  # fmt: skip
    """Evaluate several models on the same rows, and compare each with the first.

    Parameters
    ----------
    models
        Models, or their names: runs, folders, hub ids. Or baselines: ``"majority"``, the most frequent class;
        ``"tfidf"`` and ``"linear_probe"``, linear models of TF-IDF features and of the vectors of the encoder before
        fine-tuning; ``"cosine"``, a linear model of the cosine of both texts' vectors.
    data
        The rows with their labels: anything that `finetune` takes.
    train
        The rows to train baselines on; by default the training rows of the first model, if they are still available.
    text, label, question, context, answers
        Their columns; by default those of training.
    price
        Price of an hour of this machine, in any currency; gives the cost of 1,000 texts.
    show
        Whether to show a progress bar while it works.
    reading
        How files are to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.

    Returns
    -------
    ModelComparison
        With ``frame``, a row a model, and ``differing``, the rows on which they differ.

    Raises
    ------
    BertMagicError
        If the models are not of one task with the same labels, there are fewer than two, or the training rows that a
        baseline needs are not known.
    """
    from bertmagic.data import tables
    from bertmagic.data.formats.reading import of_options
    from bertmagic.workflows import compare as comparing

    columns = {"text": text, "label": label, "question": question, "context": context, "answers": answers}
    given = list(models) if isinstance(models, list | tuple) else [models]
    chosen = table.read(
        table.commands.Compare, {"models": given, "data": data, "train": train, "price": price, **columns, **reading}
    )
    options = of_options(chosen)
    rows = tables.read_as(train, options, True)
    with publish.working(show) as emit:
        if train is None:
            rows = rows_for_baselines(given, emit)
    opened = [for_comparison(ref) for ref in given]
    if len(opened) < 2 or all(isinstance(model, str) for model in opened):
        raise OptionError(
            f"there is nothing to compare: {listing(map(str, given))}.",
            "Name two models or more, or a model and a baseline: majority, tfidf, linear_probe.",
        )
    with publish.working(show) as emit:
        return comparing.compare(opened, tables.read_as(data, options), columns, rows, chosen.price, emit)


@overload
def catalogue(data: None = None) -> Catalogue: ...


@overload
def catalogue(
    data: Any, *, text: table.Columns = None, label: table.Columns = None, task: str | None = None,
    device: str | None = None, try_models: int = 0, show: bool = True,
) -> Advice: ...  # fmt: skip


@names_by_caller
@table.keywords(table.commands.Models)
@WholeImports()
@named_memory_errors()
def catalogue(
    data: Any = None, *, text: table.Columns = None, label: table.Columns = None, task: str | None = None,
    device: str | None = None, try_models: int = 0, show: bool = True, **reading: Unpack[FileOptions],
) -> Catalogue | Advice:  # fmt: skip
    """Return the encoders that have a short name; of data, which of them suit it, and why.

    Parameters
    ----------
    data, text, label, task, device
        As in `finetune`, where ``data`` is ``train``.
    try_models
        Train this many of the first available models for 60 steps each, and compare them on held-out rows.
    show
        Whether to show a progress bar while it works.
    reading
        How a file is to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.
    """
    from bertmagic.models.catalogue import listed

    if data is None:
        return listed()
    given = {"data": data, "text": text, "label": label, "task": task, "device": device, "try_models": try_models}
    with publish.working(show) as emit:
        from bertmagic.tuning.advice import advise

        return advise(table.read(table.commands.Models, {**given, **reading}), emit)


def status() -> Status:
    """Return the devices with memory and precision, the models in memory with their bytes, and the running jobs."""
    from bertmagic.models.status import Status
    from bertmagic.workflows.predict import described

    return Status(
        devices=devices.described(),
        held=tuple(described(model) for model in held().values()),
        jobs=tuple((name, job.progress) for name, job in jobs.running().items()),
        process_bytes=devices.process_memory(),
        home=str(folders.home()),
        versions=tuple(folders.versions().items()),
    )


@names_by_caller
def new_model(
    size: Size = "tiny", *, vocab_from: Any, text: str | None = None, name: str = "new", vocab_size: int = 8000,
    lowercase: bool = True, seed: int = 0, device: str | None = None,
) -> TextModel:  # fmt: skip
    """Make a small BERT with a vocabulary of your own text and random weights, for `pretrain`.

    It is saved as the run ``name``, so that ``model = NAME`` finds it. The same texts and seed give the same vocabulary
    and weights.

    Parameters
    ----------
    size
        ``tiny`` (2 layers, 128 wide), ``mini`` (4, 256), ``small`` (4, 512), ``medium`` (8, 512) or ``base`` (12, 768):
        those of Turc et al. 2019, "Well-Read Students Learn Better", table 1.
    vocab_from
        The texts that the vocabulary is learnt from: anything that `pretrain` takes as ``train``.
    text
        Their column; inferred if only one is possible.
    name
        The name of the run, and of the model.
    vocab_size
        The most word pieces; few texts give fewer.
    lowercase
        Whether to ignore case and accents, as ``bert-base-uncased`` does.
    seed
        Seed of the random weights.
    device
        As in `finetune`.

    Raises
    ------
    BertMagicError
        If the size is unknown, the texts cannot be read, or they are too few.

    Examples
    --------
    >>> new = new_model("tiny", vocab_from="sample:reviews", text="review")  # doctest: +SKIP
    >>> model = pretrain("sample:reviews", text="review", model=new)  # doctest: +SKIP
    """
    given = {"size": size, "vocab_from": vocab_from, "text": text, "name": name, "vocab_size": vocab_size}
    more = {"lowercase": lowercase, "seed": seed, "device": device}
    return launch.new_model(table.read(table.commands.NewModel, given | more))


finetune.__signature__ = table.signature(table.Finetune, function=finetune)  # type: ignore[attr-defined]
tune.__signature__ = table.signature(table.Tune, function=tune)  # type: ignore[attr-defined]
pretrain.__signature__ = table.signature(table.Pretrain, function=pretrain)  # type: ignore[attr-defined]
