"""The one table of options.

Every command is a frozen dataclass; every field of it is one option, and its metadata holds what the rest of the
project needs to know: the kind of value, the range, the choices and the help. Flags, names in a cell body,
completion, ``?`` pages, the signatures of `bertmagic.api` and the documentation are all read off here.
"""

from __future__ import annotations

import dataclasses
import inspect
import keyword
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from bertmagic.errors import OptionError, listing, nearest

Kind = Literal[
    "data",
    "model",
    "texts",
    "column",
    "name",
    "path",
    "text",
    "choice",
    "int",
    "float",
    "flag",
    "share_or_data",
    "steps",
    "freeze",
]
Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "bf16", "fp16", "fp32"]
ClassWeights = Literal["none", "balanced"]

REQUIRED: Any = inspect.Parameter.empty
"""The default of an option that has none."""


@dataclass(frozen=True)
class Option:
    """What is known of one option.

    Attributes
    ----------
    name
        The name in a cell body and in Python.
    kind
        What a value of it is, which decides how a typed string is read.
    default
        The value when nothing is given; `REQUIRED` where there is none.
    help
        One sentence for the user, with the unit.
    choices
        The allowed values of a choice.
    low, high
        The allowed range, both ends included.
    log
        Whether a slider for it should be logarithmic.
    short, flag
        A one-letter flag, and a long flag where it differs from the name.
    many
        Whether it may be given more than once.
    reason
        Why the default is what it is, with its source.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    log: bool = False
    short: str = ""
    flag: str = ""
    many: bool = False
    reason: str = ""

    @property
    def long(self) -> str:
        """The long flag, such as ``--batch-size``."""
        return "--" + (self.flag or self.name).replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED


def option(default: Any, kind: Kind, help: str, **known: Any) -> Any:
    """Declare a field of a command that is an option."""
    metadata = {"kind": kind, "help": help, **known}
    if default is REQUIRED:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


_MODEL = "Which model: a name bound to one, a run of this folder, a saved folder, or a hub id; by default the last one."
_TEXT = "The column that holds the text; inferred where only one can be meant."
_LABEL = "The column that holds the class; inferred where only one can be meant."


@dataclass(frozen=True, kw_only=True)
class Finetune:
    """Fine-tune a pre-trained encoder on your own table."""

    name: str | None = option(None, "name", "The name of the run, and of the variable that the model is bound to.")
    train: Any = option(REQUIRED, "data", "The training rows: DataFrame, Dataset, dict, file, hub id, sample:NAME.")
    text: str | None = option(None, "column", _TEXT)
    label: str | None = option(None, "column", _LABEL)
    validation: Any = option(
        0.1,
        "share_or_data",
        "Rows to choose the best weights on: a data set, or the share of train to hold out.",
        low=0.0,
        high=0.5,
        reason="A tenth is enough to rank epochs and costs little training data; 0 holds out none.",
    )
    test: Any = option(None, "data", "Rows for the final report, never used to choose anything.")
    model: Any = option(
        "minilm",
        "model",
        "The encoder to start from: an alias of %bert_models, a folder, a hub id, an own model.",
        short="-m",
        reason="The smallest encoder in the catalogue: it trains in minutes on a laptop's CPU.",
    )
    task: str | None = option(None, "choice", "What to learn; inferred from the columns.", choices=("classification",))
    epochs: float | None = option(
        None,
        "float",
        "How many times to go through the training rows; by default 3, up to 10 for few rows.",
        low=0.01,
        high=1000,
        reason="2 to 4 in Devlin et al. 2019, appendix A.3; few rows need 300 steps (Mosbach et al. 2021).",
    )
    max_steps: int | None = option(None, "int", "Stop after so many optimizer steps, whatever epochs says.", low=1)
    lr: float | None = option(
        None,
        "float",
        "The peak learning rate of AdamW; by default the one the catalogue has for the model.",
        low=1e-8,
        high=1.0,
        log=True,
        reason="2e-5 to 5e-5 for BERT-base (Devlin et al. 2019); small encoders take more: 1e-4 for MiniLM.",
    )
    batch_size: int = option(
        32,
        "int",
        "How many rows one optimizer step sees.",
        low=1,
        high=4096,
        log=True,
        reason="16 or 32 in Devlin et al. 2019, appendix A.3.",
    )
    max_length: int | None = option(
        None,
        "int",
        "Cut texts after so many tokens; by default the model's own limit, at most 512.",
        low=8,
        high=8192,
    )
    warmup: float = option(
        0.06,
        "float",
        "The share of steps (below 1) or the number of steps over which lr rises from 0.",
        low=0,
        reason="6 % in Liu et al. 2019 (RoBERTa), table 10.",
    )
    weight_decay: float = option(
        0.01,
        "float",
        "AdamW's weight decay, not applied to biases and layer norms.",
        low=0.0,
        high=1.0,
        reason="0.01 in Devlin et al. 2019, appendix A.2.",
    )
    schedule: Schedule = option(
        "linear", "choice", "How lr falls after the warm-up.", choices=("linear", "cosine", "constant")
    )
    seed: int = option(0, "int", "Seeds the split, the order of rows, the head and dropout.", low=0, high=2**32 - 1)
    attention_dropout: float = option(
        0.0,
        "float",
        "Dropout on attention weights; BERT was pre-trained with 0.1.",
        low=0.0,
        high=0.9,
        reason="Attention dropout takes PyTorch's attention off its fast path (here 10 times slower on a CPU, "
        "docs/performance.md) and changed no accuracy we measured; the other dropouts stay on.",
    )
    eval_every: int | None = option(
        None, "steps", "Evaluate every so many steps; by default at the end of each epoch.", low=1
    )
    patience: int | None = option(
        None, "int", "Stop early after so many evaluations without a better one.", low=1, high=1000
    )
    best_metric: str = option(
        "macro_f1",
        "choice",
        "Which validation metric chooses the best weights.",
        choices=("macro_f1", "accuracy", "loss"),
        reason="Macro F1 counts each class the same, so a rare class cannot be given up unnoticed.",
    )
    class_weights: ClassWeights = option(
        "none", "choice", "Weigh classes in the loss by the inverse of their frequency.", choices=("none", "balanced")
    )
    freeze: Any = option(None, "freeze", "What not to train: 'embeddings', 'encoder', or so many of the lowest layers.")
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest one here.")
    precision: Precision = option(
        "auto",
        "choice",
        "Number format of the matrix products; auto is bf16 where the hardware has it.",
        choices=("auto", "bf16", "fp16", "fp32"),
    )
    save_to: str | None = option(None, "path", "Also save the finished model to this folder.")
    resume: bool = option(False, "flag", "Go on from the run's newest checkpoint.")
    background: bool = option(False, "flag", "Train in a thread beside the notebook, which stays free.")


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Predict labels for texts, with a probability for each class."""

    texts: Any = option(None, "texts", "A quoted text, a variable with texts, or {an expression}.", many=True)
    model: Any = option(None, "model", _MODEL, short="-m")
    text: str | None = option(None, "column", "The column that holds the text; by default the one of training.")
    file: str | None = option(
        None, "path", "Read the texts from this file: CSV, TSV, JSONL, Parquet, or a text a line."
    )


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure a model on rows whose labels are known."""

    data: Any = option(REQUIRED, "data", "The rows with their labels.")
    model: Any = option(None, "model", _MODEL, short="-m")
    text: str | None = option(None, "column", "The column that holds the text; by default the one of training.")
    label: str | None = option(None, "column", "The column that holds the class; by default the one of training.")
    by: tuple[str, ...] = option(
        (), "column", "Report each value of this column by itself; may be repeated.", many=True
    )


@dataclass(frozen=True, kw_only=True)
class Load:
    """Load a saved or fine-tuned model."""

    ref: Any = option(REQUIRED, "model", "A run of this folder, a saved folder, or a hub id.")
    name: str | None = option(None, "name", "The variable to bind it to; by default the last part of REF.", flag="as")
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest one here.")
    precision: Precision = option(
        "auto", "choice", "Number format of the matrix products.", choices=("auto", "bf16", "fp16", "fp32")
    )


@dataclass(frozen=True, kw_only=True)
class Unload:
    """Give the memory of a model back."""

    name: str = option(REQUIRED, "model", "The model to unload.")


@dataclass(frozen=True, kw_only=True)
class Save:
    """Save a model to a folder that transformers can load too."""

    name: Any = option(REQUIRED, "model", "The model to save.")
    path: str = option(REQUIRED, "path", "The folder to write; an older model there is replaced in one move.")


@dataclass(frozen=True, kw_only=True)
class Check:
    """Show what is in a data set and what is wrong with it."""

    data: Any = option(REQUIRED, "data", "The rows to look at.")
    text: str | None = option(None, "column", _TEXT)
    label: str | None = option(None, "column", _LABEL)
    model: Any = option("minilm", "model", "Whose tokenizer counts tokens and unknown words.", short="-m")
    max_length: int | None = option(None, "int", "The length in tokens after which texts are cut.", low=8, high=8192)


@dataclass(frozen=True, kw_only=True)
class Models:
    """List the encoders that have a short name here."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """Show devices, memory, precision and the models held."""


@dataclass(frozen=True, kw_only=True)
class Shell:
    """The flags that every magic has."""

    out: str | None = option(None, "name", "Bind the result to this variable.", short="-o")
    show_code: bool = option(False, "flag", "Print the equivalent Python instead of running it.")
    help: bool = option(False, "flag", "Show this page.", short="-h")


@dataclass(frozen=True)
class Command:
    """A magic: the options it takes, and how they are typed.

    Attributes
    ----------
    magic
        Its name without the percent signs.
    function
        The name of the function of `bertmagic.api`, or the method of `TextModel`, that does the work.
    table
        The dataclass of its options.
    positional
        The options that may be typed without their flag, in order.
    body
        What the cell's body is: assignments of options, one text a line, or nothing.
    examples
        Cells to show on the help page.
    """

    magic: str
    function: str
    table: type[Any]
    positional: tuple[str, ...] = ()
    body: Literal["options", "texts", "none"] = "none"
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the help page."""
        return inspect.getdoc(self.table) or ""

    @property
    def options(self) -> tuple[Option, ...]:
        """Its own options, without those of every magic."""
        return table(self.table)


COMMANDS: dict[str, Command] = {
    command.magic: command
    for command in (
        Command("bert_finetune", "finetune", Finetune, ("name",), "options", (
            '%%bert_finetune sentiment\ntrain = reviews\ntext  = "review"\nlabel = "stars"\nepochs = 3',
            "%bert_finetune quick --train sample:reviews --label sentiment --max-steps 50",
        )),
        Command("bert_predict", "TextModel.predict", Predict, ("texts",), "texts", (
            '%bert_predict "I would buy it again" -m sentiment',
            "table = %bert_predict df.review -m sentiment",
            "%%bert_predict -m sentiment -o answers\nNever again.\nWorth every cent.",
            "%bert_predict --file reviews.csv --text review",
        )),
        Command("bert_evaluate", "TextModel.evaluate", Evaluate, ("data",), "none", (
            "%bert_evaluate sample:reviews@test -m sentiment",
            "%bert_evaluate test_df -m sentiment --by language",
        )),
        Command("bert_load", "load", Load, ("ref",), "none", (
            "%bert_load sentiment",
            "%bert_load models/sentiment --as clf",
            "%bert_load distilbert-base-uncased-finetuned-sst-2-english --as sst",
        )),
        Command("bert_unload", "TextModel.unload", Unload, ("name",), "none", ("%bert_unload sentiment",)),
        Command("bert_save", "TextModel.save", Save, ("name", "path"), "none", (
            "%bert_save sentiment models/sentiment",
        )),
        Command("bert_data", "check", Check, ("data",), "none", (
            "%bert_data sample:reviews --label sentiment",
            "%bert_data reviews.csv --text review --label stars",
        )),
        Command("bert_models", "catalogue", Models, (), "none", ("%bert_models",)),
        Command("bert_status", "status", Status, (), "none", ("%bert_status",)),
    )
}  # fmt: skip


def table(of: type[Any]) -> tuple[Option, ...]:
    """Return the options of a command's dataclass, in the order they are declared."""
    return tuple(
        Option(
            name=f.name,
            default=REQUIRED if f.default is dataclasses.MISSING else f.default,
            **cast("dict[str, Any]", dict(f.metadata)),
        )
        for f in dataclasses.fields(of)
    )


T = TypeVar("T")


def read(of: type[T], given: Mapping[str, object]) -> T:
    """Check the given values against the table and return the options.

    Raises
    ------
    OptionError
        For an unknown name (the nearest known one is named), a missing one, a value of the wrong type, outside
        its range or not among its choices.
    """
    known = {entry.name: entry for entry in table(of)}
    for name in given:
        if name not in known:
            raise OptionError(
                f"there is no option {name!r}.{nearest(name, known)}", f"The options are: {listing(known, 40)}."
            )
    for entry in known.values():
        if entry.required and given.get(entry.name) is None:
            raise OptionError(f"{entry.name!r} is missing. {entry.help}", f"Give it as {entry.name} = …")
    return of(**{name: check(known[name], value) for name, value in given.items()})


def check(entry: Option, value: Any) -> Any:
    """Return ``value`` as the option's type, or raise an `OptionError` that says what was expected."""
    if value is None and not entry.required:
        return entry.default
    reader = _READERS.get(entry.kind)
    return reader(entry, value) if reader else value


def signature(options: type[Any], of: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function with its ``**options`` written out from the table.

    Editors and ``?`` show it; the parameters that the function names itself stay as they are.
    """
    own = inspect.signature(of)
    named = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    written = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=f.type)
        for f in dataclasses.fields(options)
        if f.name not in own.parameters
    ]
    return own.replace(parameters=[*named, *written])


def _wrong(entry: Option, value: object, expected: str) -> OptionError:
    return OptionError(f"{entry.name} = {value!r} is not {expected}.", entry.help)


def _number(entry: Option, value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(entry, value, "a number") from None
    if not (math.isfinite(number) and entry.low <= number <= entry.high):
        raise _wrong(entry, value, _range(entry))
    return number


def _range(entry: Option) -> str:
    if math.isinf(entry.high):
        return f"a number of at least {entry.low:g}"
    return f"between {entry.low:g} and {entry.high:g}"


def _whole(entry: Option, value: Any) -> int:
    number = _number(entry, value)
    if number != int(number):
        raise _wrong(entry, value, "a whole number")
    return int(number)


def _steps(entry: Option, value: Any) -> int | None:
    return None if value == "epoch" else _whole(entry, value)


def _choice(entry: Option, value: Any) -> str:
    if value not in entry.choices:
        expected = f"one of {', '.join(entry.choices)}"
        raise _wrong(entry, value, expected + "." + nearest(value, entry.choices).rstrip("."))
    return str(value)


def _flag(entry: Option, value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _wrong(entry, value, "True or False")


def _text(entry: Option, value: Any) -> Any:
    if entry.many:
        return tuple(_text(dataclasses.replace(entry, many=False), item) for item in _several(value))
    if not isinstance(value, str) or not value:
        raise _wrong(entry, value, "a text")
    return value


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _path(entry: Option, value: Any) -> str:
    return _text(entry, str(value) if hasattr(value, "__fspath__") else value)  # type: ignore[no-any-return]


def _identifier(entry: Option, value: Any) -> str:
    if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value):
        raise _wrong(entry, value, "a Python name (letters, digits and _)")
    return value


def _share_or_data(entry: Option, value: Any) -> Any:
    if isinstance(value, bool):
        raise _wrong(entry, value, "a share or a data set")
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    return _number(entry, value) if isinstance(value, int | float) else value


def _freeze(entry: Option, value: Any) -> str | int:
    if value in ("embeddings", "encoder"):
        return str(value)
    try:
        return _whole(dataclasses.replace(entry, low=0), value)
    except OptionError:
        raise _wrong(entry, value, "'embeddings', 'encoder' or a number of layers") from None


_READERS: dict[Kind, Any] = {
    "int": _whole,
    "float": _number,
    "choice": _choice,
    "flag": _flag,
    "text": _text,
    "column": _text,
    "path": _path,
    "name": _identifier,
    "share_or_data": _share_or_data,
    "steps": _steps,
    "freeze": _freeze,
}
