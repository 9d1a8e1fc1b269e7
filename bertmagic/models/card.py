"""The card of a saved model: a README.md as the Hugging Face hub reads it, of facts that are known and no others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import FileError, ModelError, count
from bertmagic.models import saving
from bertmagic.models.catalogue import ALIASES
from bertmagic.text_safety import code, escaped, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from huggingface_hub import EvalResult

_LICENSES = {
    "Apache-2.0": "apache-2.0", "MIT": "mit", "CC BY 4.0": "cc-by-4.0", "CC BY-NC-SA 4.0": "cc-by-nc-sa-4.0",
}  # fmt: skip
_LANGUAGES = {"English": "en", "English, code": "en", "Chinese": "zh", "German": "de", "Spanish": "es"}

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_HUB_DATA = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:[\w.-]+)?(@[\w.%\[\]:-]+)?")
_NOT_METRICS = ("data", "rows")
_TYPES = {
    "macro_f1": "f1", "micro_f1": "f1", "weighted_f1": "f1", "strict_f1": "f1", "macro_precision": "precision",
    "macro_recall": "recall", "pearson": "pearsonr", "spearman": "spearmanr",
}  # fmt: skip
"""The hub's names of metrics that have another name here; both are written."""
_DEEP = 5
"""How many models one may have been trained from another before the first one is no longer looked for."""

_LIMITS = """\
<!-- For the author: what is the model for, and what is it not for? Whose texts was it trained and measured on, and
whose not? Which errors matter most, and what should a reader not rely on? Until you write it, nothing is claimed. -->

To be written by the author. What is known:

"""


@dataclass(frozen=True)
class Usage:
    """How a model of some task is used; by default one that classifies texts.

    Attributes
    ----------
    pipeline
        What the hub calls the task.
    transformers
        Code that needs transformers alone, with ``EXAMPLE`` for the text, ``LENGTH`` for the tokens that are read
        and ``PLACE`` for the model.
    example, pair_example
        A text, or a pair of texts, in that code.
    call, pair_call
        The line that predicts with bertmagic.
    note
        How the outputs of that code differ from bertmagic's; empty where they are the same.
    reads_texts
        Whether a text is cut at ``max_length`` tokens.
    """

    pipeline: str = "text-classification"
    transformers: str = """\
from transformers import pipeline

classify = pipeline("text-classification", model="PLACE")
classify(EXAMPLE, truncation=True, max_length=LENGTH)"""
    example: str = '"a text"'
    pair_example: str = '{"text": "a first text", "text_pair": "a second text"}'
    call: str = 'model.predict("a text").frame'
    pair_call: str = 'model.predict([("a first text", "a second text")]).frame'
    note: str = ""
    reads_texts: bool = True


_TEXTS = Usage()


def text(name: str, card: Mapping[str, Any], place: str, usage: Usage = _TEXTS) -> str:
    """Return the README of a model.

    Parameters
    ----------
    name
        The name of the model.
    card
        What is saved with the weights: task, labels, columns, options, digests of the data, metrics, versions.
    place
        What code loads it by: the name of its folder.
    usage
        That of its task.

    Raises
    ------
    ModelError
        If a part of the card is of another kind, as in a file that was damaged.
    """
    try:
        return _text(name, card, place, usage)
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # of a file that was damaged
        raise ModelError(
            f"the card of {name!r} is damaged: {str(error)[:100] or type(error).__name__}.",
            "Delete bertmagic.json in its folder to load the model without its card.",
        ) from None


def _text(name: str, card: Mapping[str, Any], place: str, usage: Usage) -> str:
    parts = [
        f"---\n{_front(name, card, usage).strip()}\n---",
        f"# {escaped(name, 80)}",
        _what(card),
        "## How to use it",
        _use(card, usage).replace('"PLACE"', json.dumps(place, ensure_ascii=False)),
        *_section("## Training", _training(card)),
        *_section("## Evaluation", _evaluation(card)),
        "## Limitations",
        _LIMITS + "\n".join(f"- {fact}" for fact in _facts(card, usage)),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, content: str) -> list[str]:
    return [title, content] if content else []


def _front(name: str, card: Mapping[str, Any], usage: Usage) -> str:
    """Return the metadata as YAML, written by the hub's own client."""
    from huggingface_hub import ModelCardData

    base = base_model(card)
    entry = next((entry for entry in ALIASES.values() if entry.ref == base), None)
    task = str(card.get("task") or "")
    results = _results(card, usage)
    data = ModelCardData(
        model_name=escaped_name(name),
        language=_LANGUAGES.get(entry.languages) if entry else None,
        license=_LICENSES.get(entry.licence) if entry else None,
        library_name="transformers",
        pipeline_tag=usage.pipeline if task else None,
        base_model=base,
        datasets=_datasets(card) or None,
        tags=["bertmagic", *([task.replace("_", "-")] if task else [])],
        metrics=list(dict.fromkeys(result.metric_type for result in results if result.metric_type != "loss")) or None,
        eval_results=results or None,
    )
    return str(data.to_yaml())


def escaped_name(name: str) -> str:
    """Return a name that the metadata can hold: one line, of bounded length."""
    return " ".join(name.split())[:80] or "model"


def base_model(card: Mapping[str, Any]) -> str | None:
    """Return the hub id of the encoder that training began with, through models of one's own; None if it has none."""
    options = card.get("options") if isinstance(card.get("options"), dict) else {}
    reference = str((options or {}).get("model") or card.get("encoder") or "")
    for _ in range(_DEEP):
        if reference in ALIASES:
            return ALIASES[reference].ref
        folder = Path(reference)
        if not (reference and folder.is_dir()):
            return reference if _HUB_ID.fullmatch(reference) and not folder.parent.is_dir() else None
        before = _card(folder)
        reference = str((before.get("options") or {}).get("model") or before.get("encoder") or "")
    return None


def _card(folder: Path) -> dict[str, Any]:
    try:
        return json_files.read_object(folder / saving.CARD)
    except FileError:
        return {}


def _datasets(card: Mapping[str, Any]) -> list[str]:
    """Return the data sets of the hub that it was trained and measured on; not files, whose names may look like one."""
    names = [part.get("name", "") for part in _parts(card).values()]
    matches = (_HUB_DATA.fullmatch(name) for name in names if isinstance(name, str) and not Path(name).suffix)
    return sorted({match["repo"] for match in matches if match})


def _parts(card: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    data = card.get("data")
    return {part: about for part, about in data.items() if isinstance(about, dict)} if isinstance(data, dict) else {}


def _metrics(card: Mapping[str, Any]) -> dict[str, float]:
    metrics = card.get("metrics") or {}
    return {
        name: float(value)
        for name, value in metrics.items()
        if name not in _NOT_METRICS and isinstance(value, int | float) and not isinstance(value, bool)
    }


def _results(card: Mapping[str, Any], usage: Usage) -> list[EvalResult]:
    """Return the metrics as the hub's index of models has them."""
    from huggingface_hub import EvalResult

    if not card.get("task"):
        return []
    name = escaped_name(str((card.get("metrics") or {}).get("data") or "held-out rows"))
    on_hub = _HUB_DATA.fullmatch(name)
    return [
        EvalResult(
            task_type=usage.pipeline,
            dataset_type=on_hub["repo"] if on_hub and on_hub["repo"] in _datasets(card) else name,
            dataset_name=name,
            metric_type=_TYPES.get(metric, metric),
            metric_name=metric.replace("_", " "),
            metric_value=round(value, 6),
        )
        for metric, value in _metrics(card).items()
    ]


def _what(card: Mapping[str, Any]) -> str:
    task = str(card.get("task", "")).replace("_", " ") or "text"
    base = base_model(card) or str(card.get("encoder") or "")
    commit = card.get("encoder_revision")
    begun = f", trained from {code(base)}{f' at revision {code(commit)}' if commit else ''}" if base else ""
    lines = [f"A model for {escaped(task)}{begun}, made with bertmagic {escaped(_version(card))}.".replace(" .", ".")]
    labels = card.get("labels")
    if isinstance(labels, list) and labels:
        shown = ", ".join(code(label, 80) for label in labels[:50])
        more = f" and {len(labels) - 50:,} more" if len(labels) > 50 else ""
        lines.append(f"It has {count(len(labels), 'label')}: {shown}{more}.")
    return "\n".join(lines)


def _version(card: Mapping[str, Any]) -> str:
    return str((card.get("versions") or {}).get("bertmagic", ""))


def _use(card: Mapping[str, Any], usage: Usage) -> str:
    """Return the lines of code, with bertmagic and with transformers alone."""
    paired = isinstance(card.get("text"), list) and len(card["text"]) > 1
    call, example = (usage.pair_call, usage.pair_example) if paired else (usage.call, usage.example)
    own = f'import bertmagic as bm\n\nmodel = bm.load("PLACE")\n{call}'
    plain = usage.transformers.replace("EXAMPLE", example).replace("LENGTH", str(card.get("max_length") or 512))
    note = f" {usage.note}" if usage.note else ""
    return f"```python\n{own}\n```\n\nWith transformers alone:{note}\n\n```python\n{plain}\n```"


def _training(card: Mapping[str, Any]) -> str:
    rows = [[escaped(part), *_rows(about)] for part, about in _parts(card).items()]
    data = table(["rows", "name", "how many", "SHA-256, its beginning"], rows, left=(0, 1, 3)) if rows else ""
    options = [[code(name), code(value)] for name, value in _given_options(card)]
    asked = table(["option", "value"], options, left=(0, 1)) if options else ""
    packages = card.get("versions") or {}
    versions = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in packages.items())
    made = f"Versions: {versions}." if versions else ""
    return "\n\n".join(filter(None, (data, asked, made)))


def _rows(about: Mapping[str, Any]) -> list[str]:
    digest = str(about.get("sha256", ""))[:16]
    return [escaped(about.get("name", "")), escaped(about.get("rows", "")), code(digest)]


_OMITTED_OPTIONS = ("name", "train", "validation", "test", "save_to", "resume", "background", "device", "text", "label")
"""Options that say where something is on the author's machine, or what the data's table says already."""


def _given_options(card: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the options that were given a value."""
    options = card.get("options")
    for name, value in (options if isinstance(options, dict) else {}).items():
        if value is not None and name not in _OMITTED_OPTIONS:
            yield name, _without_folders(value) if name == "model" else value


def _without_folders(value: Any) -> str:
    """Return an encoder's name: of a folder on the author's disk only the last part."""
    path = Path(str(value))
    return path.name if path.is_absolute() else str(value)


def _evaluation(card: Mapping[str, Any]) -> str:
    metrics, about = _metrics(card), card.get("metrics") or {}
    if not metrics:
        return ""
    intervals = card.get("intervals") or {}
    rows = [[escaped(name.replace("_", " ")), f"{value:.4f}", _interval(intervals.get(name))] for name, value in
            metrics.items()]  # fmt: skip
    head = ["metric", "value", "95 % interval"] if any(row[2] for row in rows) else ["metric", "value"]
    rows_of = f"{escaped(about.get('data', 'held-out rows'))}, {count(about.get('rows', 0), 'row')}"
    note = f"On {rows_of} that the model was not trained on."
    if "test" not in _parts(card):
        note += " The best weights were chosen on these rows: expect a little less on new ones."
    if any(row[2] for row in rows):
        note += " The intervals are of a bootstrap over these rows: other rows of the same kind would differ as much."
    return "\n\n".join([note, table(head, [row[: len(head)] for row in rows]), *_baselines(card)])


def _baselines(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of the baselines that were trained on the same rows as the model, if there are any."""
    known = card.get("baselines")
    rows = [_baseline(name, one) for name, one in (known.items() if isinstance(known, dict) else ())]
    if rows:
        yield "Simple models on the same rows, trained on the same training rows:"
        yield table(["baseline", "metric", "value", "model minus baseline", "95 % interval"], rows, left=(0, 1))


def _baseline(name: str, one: Any) -> list[str]:
    metric = str(one["metric"])
    value, difference = float(one["metrics"][metric]), float(one["difference"])
    words = [escaped(text.replace("_", " ")) for text in (name, metric)]
    if one.get("method"):
        words[0] += f" ({escaped(str(one['method']))})"
    return [*words, f"{value:.4f}", f"{difference:+.4f}", _interval(one.get("interval"))]


def _interval(interval: Any) -> str:
    if not isinstance(interval, list | tuple) or len(interval) != 2:
        return ""
    return f"{interval[0]:.4f} to {interval[1]:.4f}"


def _facts(card: Mapping[str, Any], usage: Usage) -> Iterator[str]:
    """Yield what is known to limit the model."""
    longest = card.get("max_length")
    if longest and usage.reads_texts:
        what = {
            "truncate": "of a longer text it reads the beginning",
            "head_tail": "of a longer text it reads the beginning and the end",
            "window": "longer texts are read in overlapping windows",
        }.get(str(card.get("long_text")), "of a longer text it reads the beginning")
        yield f"It reads {count(longest, 'token')} at a time; {what}."
    rows = _parts(card).get("train", {}).get("rows")
    if isinstance(rows, int):
        yield f"It was trained on {count(rows, 'row')}."
    measured = (card.get("metrics") or {}).get("rows")
    yield (
        f"It was evaluated on {count(measured, 'row')}." if isinstance(measured, int) else "It has not been evaluated."
    )
    if base_model(card):
        yield "What the encoder's own card says of its data and its biases holds for this model too."
