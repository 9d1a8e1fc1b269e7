"""The model that a user gets from a run or by `load`: predictions, evaluation, vectors, attention, saving."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Unpack, overload

from bertmagic import options as table
from bertmagic.data.variables import names_by_caller
from bertmagic.disk import paths
from bertmagic.display import publish
from bertmagic.errors import ModelError, OptionError, listing, named_memory_errors
from bertmagic.events import waiting_for
from bertmagic.models import hub_upload, saving
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.data.formats.reading import Reading
    from bertmagic.evaluation.calibration import Calibration
    from bertmagic.evaluation.report import Report
    from bertmagic.events import Listener
    from bertmagic.explain.anchors import AnchorWords
    from bertmagic.explain.explanation import Explanation
    from bertmagic.explain.influential_rows import InfluentialRows
    from bertmagic.explain.method_scores import MethodScores
    from bertmagic.explain.overview import Overview
    from bertmagic.explain.smallest_edit import SmallestEdit
    from bertmagic.export.result import Export
    from bertmagic.inference.predictions import Predictions
    from bertmagic.inference.similarities import Similarities
    from bertmagic.options import Columns
    from bertmagic.options.files import FileOptions
    from bertmagic.options.terms import Pooling
    from bertmagic.tasks import Task
    from bertmagic.tasks.masked_language_modeling.result import Fills, NextSentences
    from bertmagic.training.history import History
    from bertmagic.workflows.evaluate import By


class TextModel:
    """A fine-tuned model with its tokenizer, task and card.

    Attributes
    ----------
    name
        The name of its run, or the one it was loaded under.
    task
        Its task, with the labels.
    card
        Metadata saved with the weights: task, labels, columns, options, digests of the data, metrics, versions.
    folder
        The absolute path of its folder on disk; see `is_in_folder`.
    report
        The report at the end of training; None if it was loaded, or interrupted.
    history
        Tables of the steps and evaluations of its training; None if it was loaded.
    """

    from_name: ClassVar[Callable[[Any], TextModel]]
    """Returns the model of a name; `bertmagic.registry`, which imports this module, sets it."""

    def __init__(
        self, name: str, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, task: Task,
        card: dict[str, Any], folder: Path, precision: str,
        report: Report | None = None, history: History | None = None,
    ) -> None:  # fmt: skip
        self.name, self.task, self.card = name, task, card
        self.folder = folder.absolute()  # a cell may change the current folder
        self.report, self.history, self.precision = report, history, precision
        self._network: PreTrainedModel | None = network
        self._tokenizer = tokenizer
        self._lock = threading.RLock()
        self._notes: set[str] = set()  # those of `embed` that were shown: each is shown once

    @contextmanager
    def _alone(self, emit: Listener) -> Iterator[None]:
        with named_memory_errors(), waiting_for(self._lock, f"another use of {self.name}", emit):
            yield

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())

    def __repr__(self) -> str:
        if self._network is None:
            return visible(f"TextModel {self.name!r}: unloaded; {saving.way_back(self.folder, self.card)}")
        labels = f" ({listing(self.labels, 6)})" if self.labels else ""
        return visible(
            f"TextModel {self.name!r}: {self.task.name}{labels} on {self.card.get('encoder')}, {self.device}"
        )

    @property
    def network(self) -> PreTrainedModel:
        """The transformers model.

        Raises
        ------
        ModelError
            If it was unloaded.
        """
        network = self._network  # read once: another thread may unload it meanwhile
        if network is None:
            raise ModelError(f"model {self.name!r} was unloaded.", f"{saving.way_back(self.folder, self.card)}.")
        return network

    @property
    def is_in_folder(self) -> bool:
        """Whether its folder still holds this model: False once another one was saved there, or it was deleted."""
        return saving.holds(self.folder, self.card)

    @property
    def is_loaded(self) -> bool:
        """Whether its weights are in memory: False after `unload`."""
        return self._network is not None

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of transformers."""
        return self._tokenizer

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes, as they were in the training data."""
        return tuple(self.card.get("labels", ()))

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        device: torch.device = self.network.device
        return device

    @property
    def bytes(self) -> int:
        """Bytes of its parameters and buffers; 0 after `unload`."""
        network = self._network
        if network is None:
            return 0
        tensors = [*network.parameters(), *network.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    @names_by_caller
    @table.keywords(table.commands.Predict)
    def predict(
        self, texts: Any = None, *, text: Columns = None, question: str | None = None, context: str | None = None,
        file: str | None = None, backend: str = "auto", show: bool = True, **reading: Unpack[FileOptions],
    ) -> Predictions:  # fmt: skip
        """Predict for each text or pair of texts.

        Parameters
        ----------
        texts
            A text, a list, a Series, a DataFrame or any other data with the columns of training. A pair is a tuple of
            two texts, or one with `` ||| `` between them.
        text, question, context
            The columns that the model reads; by default those of training.
        file
            Read the texts from a file instead.
        backend
            What computes the logits: ``"torch"``, or an `export` of these weights by its format. ``"auto"`` takes an
            exact export that was faster than the model when it was made on this machine, else PyTorch.
        reading
            How the file is to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        Predictions
            With a ``frame`` in the order and with the index of the input.
        """
        from bertmagic.workflows.predict import predict

        asked = {"text": text, "question": question, "context": context}
        with publish.working(show) as emit, self._alone(emit):
            return predict(self, _texts_or_file(texts, file, reading), asked, emit, backend)

    @names_by_caller
    @table.keywords(table.commands.Predict)
    def embed(
        self, texts: Any = None, *, pooling: Pooling | None = None, text: Columns = None, question: str | None = None,
        context: str | None = None, file: str | None = None, show: bool = True, **reading: Unpack[FileOptions],
    ) -> npt.NDArray[np.float32]:  # fmt: skip
        """Return the vector of each text, or pair of texts: the pooled last hidden states of the encoder.

        The vectors are not normalised: divide each by its norm for cosines. They are kept on disk for the next call
        with the same weights and texts, unless the texts have less than 1,000 tokens.

        Parameters
        ----------
        texts, text, question, context, file, reading
            As in `predict`.
        pooling
            ``mean`` of all tokens, or the ``first`` one. By default what the model's folder declares, as those of
            sentence-transformers do, else the mean; a note says which.
        show
            Whether to show notes, and a progress bar while it works.

        Returns
        -------
        ndarray
            float32 of shape ``(rows, width)``, in the order of the input; NaN for a missing text.

        Raises
        ------
        OptionError
            If the pooling is not known.
        """
        from bertmagic.workflows.embed import embed

        asked = {"text": text, "question": question, "context": context}
        with publish.working(show) as emit, self._alone(emit):
            vectors, notes = embed(self, _texts_or_file(texts, file, reading), asked, pooling, emit)
        publish.notes([note for note in notes if show and note not in self._notes])
        self._notes.update(notes)
        return vectors

    @names_by_caller
    @table.keywords(table.commands.Similar)
    def similar(
        self, texts: Any, among: Any = None, *, top_k: int = 10, pooling: Pooling | None = None, text: Columns = None,
        file: str | None = None, show: bool = True, **reading: Unpack[FileOptions],
    ) -> Similarities:  # fmt: skip
        """Return the texts that are most similar to each query, by the cosine of their vectors; see `embed`.

        Parameters
        ----------
        texts
            The query: a text, or several as a list or a column.
        among
            The texts to compare with: one text, a list, a Series, a DataFrame or any other data with a text column.
        top_k
            How many texts to return for each query.
        pooling, text, file, reading
            As in `embed`; ``text`` is the column of ``among``, and ``file`` is read in its place.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        Similarities
            With a ``frame`` of ``query, row, text, score``, and the ``score`` of the most similar text.

        Raises
        ------
        ModelError
            If the model reads pairs of texts.
        """
        from bertmagic.workflows.similar import similar

        with publish.working(show) as emit, self._alone(emit):
            return similar(self, texts, _texts_or_file(among, file, reading), {"text": text}, top_k, pooling, emit)

    @table.keywords(table.commands.Evaluate)
    def evaluate(
        self, data: Any, *, text: Columns = None, label: Columns = None, question: str | None = None,
        context: str | None = None, answers: str | None = None, by: By | Sequence[By] = (),
        at: str | Sequence[str] = (), label_issues: bool = False, probe: Any = None, train: Any = None,
        show: bool = True, **reading: Unpack[FileOptions],
    ) -> Report:  # fmt: skip
        """Evaluate the model on labelled rows.

        Parameters
        ----------
        data
            The rows: anything that `finetune` takes.
        text, label, question, context, answers
            Their columns; by default those of training.
        by
            Columns whose values are reported one by one, or functions of a row, as in ``lambda row: row.age > 30``.
        at
            Find the thresholds that reach this, such as ``"precision=0.95"`` or ``"recall=0.9"``.
        label_issues
            Look for labels that are likely wrong, and for rows that read nearly the same and have different labels.
        probe
            Swap words for people and say how predictions move: ``"identity"`` for the lists of the package, or the path
            of a file like them.
        train
            The training rows: which of ``data`` stand in them too, word for word or nearly.
        reading
            How files are to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.
        show
            Whether to show a progress bar while it works.
        """
        from bertmagic.data import tables
        from bertmagic.workflows import evaluate as evaluating

        def several(given: Any) -> tuple[Any, ...]:
            return (given,) if isinstance(given, str) or callable(given) else tuple(given or ())

        columns = {"text": text, "label": label, "question": question, "context": context, "answers": answers}
        files = _options(reading)
        data, train = tables.read_as(data, files), tables.read_as(train, files, may_be_object=True)
        asked = evaluating.Asked(several(by), several(at), label_issues, probe, train)
        with publish.working(show) as emit, self._alone(emit):
            return evaluating.evaluate(self, data, columns, asked, emit)

    @names_by_caller
    @table.keywords(table.commands.Evaluate)
    def calibrate(self, data: Any, *, text: Columns = None, label: Columns = None, show: bool = True) -> Calibration:
        """Calibrate the class probabilities by a temperature; the most probable class stays the same.

        The temperature is kept in this model and, where it is the model of a run of this folder, in the run. Any other
        folder that it was loaded from, such as the hub's cache, stays as it is: `save` writes it where you want it.

        Parameters
        ----------
        data
            Some hundred labelled rows that the model was not trained on.
        text, label
            Their columns; by default those of training.
        show
            Whether to show a progress bar while it works.

        Raises
        ------
        OptionError
            If the task has no class probabilities.
        """
        from bertmagic.workflows import evaluate as evaluating

        with publish.working(show) as emit, self._alone(emit):
            return evaluating.calibrate(self, data, {"text": text, "label": label}, emit)

    @names_by_caller
    @table.keywords(table.commands.Fill)
    def fill(
        self, texts: Any = None, *, top_k: int = 5, candidates: str | Sequence[str] = (), text: str | None = None,
        file: str | None = None, show: bool = True, **reading: Unpack[FileOptions],
    ) -> Fills:  # fmt: skip
        """Predict the word of each ``[MASK]`` in a text.

        Each mask is predicted by itself, while the others stay masked.

        Parameters
        ----------
        texts
            A text, a list, a Series, a DataFrame or any other data with a text column.
        top_k
            How many words to give for each mask.
        candidates
            Words to compare instead, as a list or with commas between them. Their probabilities are those among all
            pieces of the vocabulary. Each must be one piece: a word of several has no single probability.
        text, file, reading
            The column of the texts, or a file with them; see `predict`.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        Fills
            With a ``frame`` of a row for each word: ``row, text, mask, word, score, filled``.
        """
        from bertmagic.workflows.fill import fill

        words = candidates.split(",") if isinstance(candidates, str) else [w for c in candidates for w in c.split(",")]
        given = _texts_or_file(texts, file, reading)
        with publish.working(show) as emit, self._alone(emit):
            return fill(self, given, top_k, [word.strip() for word in words if word.strip()], {"text": text}, emit)

    def next_sentence(self, first: Any, second: Any, *, show: bool = True) -> NextSentences:
        """Return the probability that one sentence follows another in a document.

        Parameters
        ----------
        first, second
            A text each, or two lists of the same length.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        NextSentences
            With a ``frame`` of ``first, second, score``.
        """
        from bertmagic.workflows.fill import next_sentence

        with publish.working(show) as emit, self._alone(emit):
            return next_sentence(self, first, second, emit)

    @overload
    def attention(
        self, text: str | tuple[str, str], pair: Any = None, *, compare: Any = None, compare_text: Any = None,
        show: bool = True,
    ) -> AttentionMaps: ...  # fmt: skip

    @overload
    def attention(
        self, text: Any, pair: Any = None, *, compare: Any = None, compare_text: Any = None, show: bool = True
    ) -> Any: ...

    @table.keywords(table.commands.Attention)
    def attention(
        self, text: Any, pair: Any = None, *, compare: Any = None, compare_text: Any = None, show: bool = True
    ) -> Any:
        """Return the attention of every head in a text, or in a pair of texts.

        The weights are those of a prediction: the model does not change.

        Parameters
        ----------
        text
            The text; or a pair, as a tuple or with `` ||| `` between its two. Of a list of several, a list of maps
            is returned.
        pair
            The second text of a pair.
        compare
            Another model, or the name of one, whose maps of the same text are compared with these; ``"base"`` is the
            encoder that this model was made from.
        compare_text
            Another text, or pair, whose head statistics are compared with these.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        AttentionMaps
            With ``array`` of shape ``(layers, heads, tokens, tokens)``, and ``comparison`` where one was asked for.

        Raises
        ------
        DataError
            If there is no text, or it cannot be compared.
        ModelError
            If the model was unloaded, has no attention that can be shown, or has no counterpart of each head.
        """
        from bertmagic.workflows.attention import attention_of_base, listed

        if compare is not None and compare_text is not None:
            raise OptionError("both another model and another text are given.", "Compare with one at a time.")
        texts = listed(text)
        if len(texts) != 1:
            return [self.attention(one, pair, compare=compare, compare_text=compare_text, show=show) for one in texts]
        maps = self._attention(texts[0], pair, show)
        if compare_text is not None:
            return maps.beside(self._attention(compare_text, None, show))
        if isinstance(compare, str) and compare == "base":
            with publish.working(show) as emit, self._alone(emit):
                return maps.beside(attention_of_base(self, texts[0], pair, emit))
        if compare is None:
            return maps
        other = compare if isinstance(compare, TextModel) else type(self).from_name(compare)
        return maps.beside(other._attention(texts[0], pair, show))

    def _attention(self, text: Any, pair: Any, show: bool) -> AttentionMaps:
        from bertmagic.workflows.attention import attention

        with publish.working(show) as emit, self._alone(emit):
            return attention(self, text, pair, emit)

    @names_by_caller
    @table.keywords(table.commands.Explain)
    def explain(
        self, text: Any = None, pair: Any = None, *, target: Any = None, method: str = "auto",
        passes: int | None = None, backend: str = "torch", full_bounds: bool = False, edit: bool = False,
        protect: str | Sequence[str] = (), words_from: Any = None, anchor: bool = False, rows: str | None = None,
        rows_by: str = "leave_one_out", top_k: int = 10, overview: Any = None, second: Any = None,
        by: str | Sequence[str] = (), benchmark: Any = None, seed: int = 0,
        show: bool = True,
    ) -> Explanation | SmallestEdit | AnchorWords | InfluentialRows | Overview | MethodScores:  # fmt: skip
        """Explain a prediction, with measures of how far the explanation can be trusted.

        By default by the words of its text. The model does not change.

        Parameters
        ----------
        text
            The text; or a pair, as a tuple or with `` ||| `` between its two.
        pair
            The second text of a pair.
        target
            What to explain: a label, an entity, ``"start"`` or ``"end"`` of an answer, a word for a mask. By default
            the prediction. For an edit, the label to reach.
        method
            How words are scored: one of ``search masks occlusion shapley integrated_gradients integrated_gradients_zero
            gradient_norm attention_rollout value_norms``. ``"auto"`` is the best one of the last benchmark of this
            model, or else ``search``.
        passes
            Budget of passes through the model for methods that hide words; by default 200, 1,000 for
            ``shapley``, and 6,000 for an overview.
        backend
            What computes the scores of words: ``"torch"``, or an `export` of these weights by its format.
        full_bounds
            Whether to search the bounds of faithfulness by a beam of width 5, whatever number of passes that takes.
        edit
            Find the smallest edit of the text that changes the prediction.
        protect
            Words that an edit leaves as they are.
        words_from
            A model with a masked-word head, or the name of one, that proposes the words of an edit. By default the
            encoder that the model was fine-tuned from, if it has such a head, else the training rows.
        anchor
            Find the smallest set of words that keeps the prediction while others are hidden at random.
        rows
            ``"train"``: the training rows most responsible for the prediction, for and against it.
        rows_by
            How they are scored: ``"leave_one_out"`` of a head, ``"head_gradients"`` or ``"word_gradients"``.
        top_k
            How many training rows to list for and against.
        overview
            Texts in which to find what the model leans on in general, the likely spurious words first.
        second, by
            Labelled rows from elsewhere, and columns of these (or of ``overview``), which say whether a word of the
            overview tells its label.
        benchmark
            Texts on which all methods are measured, at most 30 of them; the most faithful one becomes the ``"auto"`` of
            this model and is kept in its card.
        seed
            Of the random samples of anchors, training rows and the overview.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        Explanation, SmallestEdit, AnchorWords, InfluentialRows or Overview
            Each with a ``frame``, but for `AnchorWords`; an `Explanation` with ``word, start, end, score`` and its
            ``faithfulness``.

        Raises
        ------
        DataError
            If there is no text, or no word in it.
        OptionError
            If there is no such target, the training rows are gone, or options do not go together.
        ModelError
            If the model was unloaded or predicts nothing, or the method cannot be used with it.
        """
        from bertmagic.data import columns
        from bertmagic.workflows import explain_kinds

        asked = table.commands.Explain(
            text=text, pair=pair, target=target, method=method, passes=passes, backend=backend,
            full_bounds=full_bounds, edit=edit, protect=columns.several(protect), words_from=words_from, anchor=anchor,
            rows=rows, rows_by=rows_by, top_k=top_k, overview=overview, benchmark=benchmark, second=second,
            by=columns.several(by), seed=seed,
        )  # fmt: skip
        with publish.working(show) as emit, self._alone(emit):
            return explain_kinds.explain(self, asked, emit)

    @table.keywords(table.commands.Save)
    def save(self, path: str | Path, *, public: bool = False) -> Path | str:
        """Write the model to a folder that `load` and transformers can read; it appears there whole or not at all.

        The folder gets a README.md, the model card for the Hugging Face hub. A README.md that you have edited stays as
        it is, and the new one is README.new.md.

        Parameters
        ----------
        path
            The folder; or ``"hub:owner/name"``, as in `push_to_hub`.
        public
            Whether all can see a new repository of the hub; by default it is private.

        Returns
        -------
        Path
            The folder; of a model on the hub it is the address.
        """
        given = str(path)
        if given.startswith(hub_upload.PREFIX):
            return self.push_to_hub(given.removeprefix(hub_upload.PREFIX), private=not public)
        if public:
            raise OptionError("public is for the hub, and a folder is given.", "Write hub:owner/name.")
        from bertmagic.run.locks import locked_model

        folder = paths.path(path)
        with self._lock, locked_model(folder):
            return self._write(folder, folder.absolute().name)

    def push_to_hub(self, repository: str, *, private: bool = True, show: bool = True) -> str:
        """Send the model with its card to the Hugging Face hub, in one commit.

        A repository that is not there is made. A README.md that you have edited there stays as it is. After a broken
        upload, call it again: files that have arrived are not sent twice.

        Parameters
        ----------
        repository
            ``owner/name``.
        private
            Whether only its owner sees it. A public repository is refused unless this is False.
        show
            Whether to show a progress bar while it works.

        Returns
        -------
        str
            The address of the repository.

        Raises
        ------
        ModelError
            If there is no token, ``HF_HUB_OFFLINE`` is set, or the hub refuses or cannot be reached.
        """
        with publish.working(show) as emit, self._alone(emit):
            return hub_upload.push(repository, private, lambda folder: self._write(folder, repository), emit)

    def _write(self, folder: Path, place: str) -> Path:
        from bertmagic.models import card

        readme = card.text(self.name, self.card, place, self.task.usage)
        known = self.card | {saving.WEIGHTS: saving.weights_digest(self.network.state_dict())}
        return saving.save(folder, self.network, self.tokenizer, known, readme=readme)

    @names_by_caller
    @table.keywords(table.commands.Export)
    def export(
        self, path: str | Path, *, format: str = "onnx", check: Any = None, keep: float = 0.993, text: Columns = None,
        question: str | None = None, context: str | None = None, show: bool = True,
    ) -> Export:  # fmt: skip
        """Write the model to a folder that runs without bertmagic and PyTorch, once it gives the same predictions.

        The folder has the network, the tokenizer and ``predict.py``, which needs numpy, tokenizers and onnxruntime or
        openvino. With ``"keras"`` it is an encoder that TensorFlow loads, with its fine-tuned head in another file.
        The model stays as it is.

        Parameters
        ----------
        path
            The folder; an older export in it is replaced once the new one is complete and checked.
        format
            ``"onnx"``, ``"openvino"`` or ``"keras"`` in fp32, or ``"onnx-int8"``.
        check
            Texts on which the export must predict what the model does, as `predict` takes them; they need no labels.
            By default the validation rows of its training.
        keep
            The share of their predictions that an int8 format must keep.
        text, question, context
            The columns of ``check``; see `predict`.
        show
            Whether to show a progress bar while it works.

        Raises
        ------
        ModelError
            If the task or the family cannot be exported so, the predictions differ, or ``path`` holds something else.
        """
        from bertmagic.workflows.export import export

        asked = {"text": text, "question": question, "context": context}
        with publish.working(show) as emit, self._alone(emit):
            return export(self, paths.path(path), format, check, asked, keep, emit)

    def unload(self) -> int:
        """Free the memory of the weights and return its bytes; the folder on disk stays."""
        from bertmagic.models import devices

        with self._lock:
            size = self.bytes
            self._network = None
            devices.release()
            return size


def _texts_or_file(texts: Any, file: str | None, reading: FileOptions) -> Any:
    """Return the texts, or the file of them with its options.

    Raises
    ------
    DataError
        If there are options and no file.
    """
    from bertmagic.data import tables

    options = _options(reading)
    if file is not None:
        return tables.read_as(paths.path(file, "file"), options)
    if options:
        raise tables.no_file("no file", options)
    return texts


def _options(reading: FileOptions) -> Reading:
    """Return the options of files that the keywords of a method give."""
    from bertmagic.data.formats.reading import of_options
    from bertmagic.options.files import Files

    return of_options(table.read(Files, reading))
