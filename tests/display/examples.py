"""A result of every kind, with one word in all places where text from a user or from data may stand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from bertmagic.attention.comparison import compare as compare_attention
from bertmagic.data.profile import Lengths, TextProfile
from bertmagic.data.report import DataReport, Finding, Repeat
from bertmagic.errors import DataError
from bertmagic.evaluation.calibration import Calibration
from bertmagic.evaluation.comparison import Change, Contender, ModelComparison, Versus
from bertmagic.evaluation.errors import Errors, Example
from bertmagic.evaluation.figures import Figure, Series
from bertmagic.evaluation.report import (
    ClassScore,
    Gap,
    Interval,
    Issue,
    Point,
    Probe,
    RangeScore,
    Report,
    Slice,
)
from bertmagic.evaluation.verdict import BaselineResult
from bertmagic.explain import edits
from bertmagic.explain.anchors import Anchor, AnchorWords
from bertmagic.explain.explanation import Explanation
from bertmagic.explain.faithfulness import Faithfulness
from bertmagic.explain.influence import Agreement
from bertmagic.explain.influential_rows import InfluentialRows, Removal
from bertmagic.explain.method_scores import MethodScores
from bertmagic.explain.overview import Overview
from bertmagic.explain.smallest_edit import SmallestEdit
from bertmagic.export.result import Export
from bertmagic.inference.predictions import Predictions
from bertmagic.inference.similarities import Similarities
from bertmagic.models.status import Catalogue, Device, Entry, Held, Status
from bertmagic.run.difference import Difference, RunDifference
from bertmagic.run.jobs import Job, Progress
from bertmagic.run.records import Curve, Record, Runs
from bertmagic.tasks.masked_language_modeling.result import Fills, NextSentences
from bertmagic.tasks.multi_label.result import MultiLabelPredictions
from bertmagic.tasks.question_answering.decoding import Candidates
from bertmagic.tasks.question_answering.result import answers as answers_of
from bertmagic.tasks.regression.result import NumberPredictions
from bertmagic.tasks.token_classification.result import Entities
from bertmagic.tuning.results import Advice, Advised, Estimate, Rates, Search, Trial, Tried

from ..attention.made import maps

BEGAN = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
INTERVAL = Interval(0.7512, 0.9123)


def texts(word, many):
    return pd.Series([f"{word} row {at}" for at in range(many)], dtype=object)


def predictions(word, many=8, labels=None):
    labels = labels or (word, "positive")
    scores = np.linspace(0.55, 0.95, many)
    frame = pd.DataFrame({"text": texts(word, many), "label": [labels[0]] * many, "score": scores})
    for at, label in enumerate(labels):
        frame[f"p_{label}"] = scores if at == 0 else (1 - scores) / (len(labels) - 1)
    return Predictions(
        frame, labels, "classification", word, missing=1, truncated=2, seconds=2.0, tokens=500, notes=(word, "second")
    )


def multi_label_predictions(word, many=8):
    labels = (word, "travel")
    chances = {f"p_{label}": pd.array(np.linspace(0.2, 0.9, many), dtype="Float64") for label in labels}
    frame = pd.DataFrame({"text": texts(word, many)})
    frame["labels"] = pd.Series([[word], []] * (many // 2), dtype=object)
    frame = pd.concat([frame, pd.DataFrame(chances)], axis=1)
    return MultiLabelPredictions(frame, labels, "multi_label", word, seconds=1.0, tokens=70, thresholds=(0.4, 0.6))


def number_predictions(word, many=8):
    frame = pd.DataFrame({"text": texts(word, many), "value": pd.array(np.linspace(1, 4.5, many), dtype="Float64")})
    return NumberPredictions(frame, (), "regression", word, seconds=1.0, tokens=70, notes=(word,))


def entities(word):
    whole = [f"{word} lives in Paris", "nothing here", None]
    spans = [(0, 0, len(word), "PER"), (0, len(word) + 10, len(word) + 15, word)]
    lines = [(row, start, end, whole[row][start:end], label, 0.875) for row, start, end, label in spans]
    frame = pd.DataFrame(lines, columns=["row", "start", "end", "text", "label", "score"])
    return Entities(
        frame=frame, labels=("PER", word), task="token_classification", model=word, missing=1, seconds=1.0, tokens=9,
        notes=(word,), given=pd.Series(whole, dtype=object), rows=np.array([0, 0], np.int64),
    )  # fmt: skip


def answers(word, many=3):
    context = f"The {word} opened in 1911 and closed in 1938."
    rows = [(f"When did {word} open?", context)] * many + [(f"Who? {word}", None)] * (many > 1)
    spans = [context.index("1911"), context.index("1938"), 4]
    lengths = [4, 4, len(word)]
    candidates = Candidates(
        np.arange(0, 3 * many + 1, 3), np.array(spans * many), np.array(spans * many) + np.array(lengths * many),
        np.array([3.0, 1.0, 0.5] * many, np.float32), np.zeros(many, np.float32),
    )  # fmt: skip
    given = pd.DataFrame(rows, columns=["question", "context"], dtype=object)
    return answers_of(
        given, np.arange(many), candidates, 0.0, model=word, task="question_answering", missing=len(rows) - many,
        seconds=1.0, tokens=40, notes=(word,),
    )  # fmt: skip


def fills(word, masks=2):
    rows = [
        (row, f"{word} [MASK]", 1, f"{word}{at}", 0.9 / (at + 1), f"{word} filled {at}")
        for row in range(masks)
        for at in range(3)
    ]
    rows += [("empty", None, None, None, None, None)] * (masks > 1)
    frame = pd.DataFrame(rows, columns=["row", "text", "mask", "word", "score", "filled"])
    frame["mask"] = frame["mask"].astype("Int64")
    return Fills(frame, word, masks, masks, missing=int(masks > 1), seconds=0.5, notes=(word,))


def next_sentences(word, many=9):
    frame = pd.DataFrame({"first": texts(word, many), "second": texts(word, many), "score": np.linspace(0, 1, many)})
    return NextSentences(frame, word, seconds=0.5)


def similarities(word, many=9):
    frame = pd.DataFrame(
        {"query": word, "row": range(many), "text": texts(word, many), "score": np.linspace(1, -0.2, many)}
    )
    return Similarities(frame, word, 1, 40, missing=2, seconds=0.5, notes=(word,))


def explanation(word):
    text = f"{word} a {word}"
    size = len(word)
    frame = pd.DataFrame({
        "word": [word, "a", word], "start": [0, size + 1, size + 3], "end": [size, size + 2, 2 * size + 3],
        "score": [0.5, 0.001, -0.25],
    })  # fmt: skip
    return Explanation(
        frame, text, None, word, 0.9, 0.4, f"{word} 0.900", "probability", "masks",
        Faithfulness(0.4, 0.1, 0.45, 0.05, word, 60, 0.2), word, passes=200, seconds=1.5, notes=(word,),
    )  # fmt: skip


def method_scores(word):
    frame = pd.DataFrame({
        "method": [word, "masks"], "comprehensiveness": [0.9, 0.8], "low": 0.7, "high": 0.95, "sufficiency": 0.9,
        "sufficiency_low": 0.8, "sufficiency_high": 0.95, "passes": 200.0, "seconds": 1.0,
    })  # fmt: skip
    return MethodScores(frame, 30, word, word, word, word, 60.0, (word,))


def influential_rows(word, many=4):
    import pandas as pd

    scores = np.concatenate([np.linspace(1, 0.1, many), np.linspace(-0.5, -0.1, many)])
    frame = pd.DataFrame({
        "row": [word, *range(2 * many - 1)], "label": word, "text": texts(word, 2 * many), "score": scores,
        "share": 0.01,
    })  # fmt: skip
    return InfluentialRows(
        frame, word, word, 0.9, 0.8, "leave_one_out", exact=False, agreement=Agreement(0.9, 0.8, 0.95, 32, 32, 2.0),
        removal=Removal(3, 0.8, 0.4, 0.45, 0.79), train=word, rows=300, model=word, seconds=1.5, notes=(word,),
    )  # fmt: skip


def smallest_edit(word, many=4):
    changes = tuple(edits.Change("replaced", at, word, word, 0.25) for at in range(many))
    spans = ((0, 0, len(word)),)
    return SmallestEdit(
        (word, "a second text"), (f"{word} it", "another text"), changes, (spans, spans),
        {word: (0.9, 0.2), "positive": (0.1, 0.8)}, word, "positive", flipped=True, target="", source=word, passes=90,
        model=word, seconds=0.5, notes=(word,),
    )  # fmt: skip


def overview(word, many=4):
    import pandas as pd

    frame = pd.DataFrame({
        "word": texts(word, 2 * many), "label": [word, "positive"] * many, "effect": 1.5, "low": 1.0, "high": 2.0,
        "rows": 9, "share": 0.1, "tells": [0.3, np.nan] * many, "suspicion": 0.2,
    })  # fmt: skip
    return Overview(frame, {word: [1, 2]}, 300, 900, 1000, word, word, word, 2.0, (word,))


def anchor_words(word, many=4):
    anchor = Anchor(tuple(range(many)), 0.97, 0.93, 0.99, 0.5, 0.3, 200, 600)
    return AnchorWords((f"{word} it",), ((0, 0, len(word)),) * many, word, 0.95, anchor, word, 0.5, (word,))


def examples(word, many=4):
    return tuple(
        Example(str(at), f"{word} text {at}", word, "positive", 0.9 - at / 100, ((word, 0.1), ("positive", 0.9)),
                ("mistake",), at < many - 1)
        for at in range(many)
    )  # fmt: skip


def report(word):
    labels = (word, "positive", "neutral")
    counts = np.array([[80, 15, 5], [5, 90, 5], [3, 2, 95]])
    classes = tuple(ClassScore(label, 0.91, 0.82, 0.86, 100, intervals={"f1": INTERVAL}) for label in labels)
    metrics = {"accuracy": 0.8833, "macro_precision": 0.9, "macro_recall": 0.88, "macro_f1": 0.8512, "loss": 0.3123}
    errors = examples(word)
    return Report(
        word, "classification", word, 300, metrics, labels, classes, counts, skipped=3,
        slices=(Slice(word, "en", 50, {"accuracy": 0.8, "macro_f1": 0.7}, {"accuracy": INTERVAL}, 0.01),
                Slice("lang", word, 5, {"accuracy": 0.6})),
        seconds=2.0, tokens=5_000, train_seconds=60.0, train_tokens=90_000, best_step=40, notes=(word,),
        before={"accuracy": 0.3333, "macro_f1": 0.3}, intervals={"accuracy": INTERVAL, "macro_f1": INTERVAL},
        undefined={"roc_auc": f"all rows are of {word}"}, main="accuracy",
        automatic=(Slice("length", "up to 10", 100, {"accuracy": 0.77}, {}, 0.2),),
        gaps=(Gap(word, word, "recall", "young", word, 0.12, INTERVAL),),
        errors=Errors(errors, len(errors) - 1, 300, model=word), unseen={word: 2},
        points=(Point(word, "precision 0.95", 0.8123, 0.95, 0.5, 40, INTERVAL),
                Point("positive", "recall 1", None, 0, 0, 0)),
        probes=(Probe(word, "he", "she", 20, 0.1, INTERVAL, 0.02, -0.3, (f"{word} he", f"{word} she")),),
        issues=(Issue("likely wrong", word, word, word, "positive", 0.987),),
        baselines=(BaselineResult(word, {"accuracy": 0.71, "macro_f1": 0.6}, "accuracy", 0.0891, INTERVAL, 0.00002),
                   BaselineResult("linear_probe", {"accuracy": 0.8}, "accuracy", -0.0009, None, 0.75)),
        verdict=f"Better than {word}, by 8.9 points of accuracy.",
    )  # fmt: skip


def regression_report(word):
    return Report(
        word, "regression", word, 40, {"rmse": 0.5123, "mae": 0.4, "pearson": 0.8, "loss": 0.2}, seconds=1.0,
        tokens=400,
        ranges=(RangeScore(1.0, 2.0, 20, 1.75, 0.4), RangeScore(2.0, 4.0, 20, 3.125, 0.375)), main="rmse",
        errors=Errors((Example("3", word, "1", "4", 3.0, (), ("mistake",), True),), 40, 40, numeric=True),
    )  # fmt: skip


def figure(word):
    line = Series(word, (0.0, 0.25, 0.5, 1.0), (0.0, 0.6, 0.875, 1.0))
    return Figure("roc", "false positive rate", "true positive rate", (line,), unit=True)


def calibration(word):
    return Calibration(200, 1.75, {"ece": 0.1234, "loss": 0.7}, {"ece": 0.0321, "loss": 0.5}, word, word)


def exported(word):
    return Export(
        Path("/exported") / word, "onnx-int8", word, 23_400_000, 98_000_000, 24, 3.2e-06, 872, 0.9943, word,
        speed=102.4, model_speed=43.2, left_out=(word,), notes=(f"12 rows of {word}",),
    )  # fmt: skip


def data_report(word):
    return DataReport(
        word, "classification", 100, (word, "stars"), word, "stars",
        findings=(Finding("error", f"12 rows of {word} have no label.", f"{word} they are left out", (word, 17), 12),
                  Finding("warning", "312 texts occur twice"), Finding("info", "all is well")),
        labels={word: 75, "no": 25}, length_edges=(0, 16, 32), length_counts=(60, 40), length_unit="tokens",
        examples=((word, f"{word} a text", word),), lengths=Lengths(12, 30, 31),
        profile=TextProfile(word, 100, {word: 0.75, "other": 0.25}, {word: 75}, 1, 75, (word,)),
        repeats=(Repeat(word, f"{word} a text", word, 4, f"{word} a text!", "no", 0.97),),
    )  # fmt: skip


def entry(word, **more):
    return Entry(word, f"hub/{word}", 22_713_216, word, 512, word, 1e-4, word, **more)


def catalogue(word):
    return Catalogue((entry(word, on_disk=True), entry("other", tuned=word)))


def status(word):
    return Status(
        (Device(word, word, 16_000_000_000, 9_100_000_000, "bf16", word),),
        (Held(word, "classification", word, 22_713_216, 90_900_000, "cpu", "bf16"),),
        1_400_000_000, f"/home/{word}", (("torch", word),),
        ((word, Progress(40, 100, 0.8, 0.5, 12.0, 18.0, word)),),
    )  # fmt: skip


def estimate(word="", fits=True):
    return Estimate(
        word, 800, 75, 3.0, 125.0, 40.0, {"weights": 90_000_000, "gradients": 70_000_000},
        8_000_000_000 if fits else 1, 0.0312, 128,
    )  # fmt: skip


def job(word):
    made = Job(word)
    made._phase, made._began, made._ended = word, 10.0, 22.0
    return made


def record(word, value=0.8512, **more):
    known = {
        "task": "classification", "encoder": word, "seconds": 65.0, "step": 40, "steps": 60, "metric": "macro_f1",
        "value": value, "metrics": {"macro_f1": value, "loss": 0.4}, "measured": word,
        "data": {"train": {"name": word}}, **more,
    }  # fmt: skip
    began = BEGAN + timedelta(minutes=len(word))
    return Record(word, Path("/r") / "x", known.pop("state", "finished"), began, **known)


def runs(word):
    failed = record("b", None, state="failed", error=f"RuntimeError: {word}", metrics={}, step=12)
    curve = Curve(word, (10, 20), (0.5123, 0.8512))
    return Runs((record(word), record("second", 0.75), failed), Path("/home") / "a", "macro_f1", curves=(curve,),
                hidden=2, foreign=(word,))  # fmt: skip


def run_difference(word):
    return RunDifference(
        record(word), record("second"),
        (Difference("option", "lr", 1e-4, 5e-5), Difference("data", word, word, None, word),
         Difference("result", "macro_f1", 0.8512, 0.9), Difference("result", "seconds", 65.0, 30.0)), 12, ("train",),
    )  # fmt: skip


def model_comparison(word):
    first = Contender(
        word, word, False, {"accuracy": 0.8833, "loss": 0.31}, {"accuracy": INTERVAL}, 250.0, (), 90_000_000
    )
    second = Contender("baseline", word, True, {"accuracy": 0.7, "loss": 0.6}, {"accuracy": INTERVAL}, 9_000.0)
    change = {"accuracy": Change(-0.1833, Interval(-0.25, -0.1)), "loss": Change(0.29)}
    apart = pd.DataFrame({"text": [f"{word} text"], "true": [word], word: [word], "baseline": ["no"]}, index=[word])
    versus = Versus("baseline", change, 30, 4, 200, 6, "McNemar", 0.00123, 0.00123)
    return ModelComparison("classification", word, 240, (first, second), (versus,), apart, 34, notes=(word,))


def rates(word):
    tried = tuple(10 ** (-6 + at / 10) for at in range(40))
    losses = tuple(0.7 - 0.01 * at for at in range(40))
    return Rates(word, word, 800, tried, losses, losses, 2.5e-4, 1e-2, word, f"the steepest slope of {word}")


def search(word, ended="finished"):
    trials = (
        Trial(0, {"lr": 1e-4, "adapt": word}, "complete", 0.8123, seconds=12.0),
        Trial(1, {"lr": 2e-5, "adapt": "lora"}, "complete", 0.7, seconds=14.0),
        Trial(2, {"lr": 2e-3, "adapt": word}, "failed", None, note=word),
    )
    return Search(
        word, word, {"lr": "1e-5..1e-3", "adapt": word}, "macro_f1", True, trials, 3, {"lr": 0.75, "adapt": 0.25},
        f"%%bert_finetune {word}\nlr = 1e-4", ended, notes=(word,),
    )  # fmt: skip


def advice(word):
    models = (
        Advised(entry(word, on_disk=True), 0.9, 65.0, 900_000_000, (f"reads {word}", "small"), f"90.1 on {word}"),
        Advised(entry("other"), 0.5, 0.0, 0, ("large",)),
    )
    tried = (Tried(word, "macro_f1", 0.8123, 0.75, 0.875, 60, 12.0), Tried("other", error=word))
    return Advice(word, "classification", 800, {word: 0.9, "de": 0.1}, 24, 0.01, word, models, tried)


def panel_state(word):
    from bertmagic.widgets.panel_state import PanelState

    return PanelState(word, {"lr": 1e-4}, estimate(word, fits=False), f"%%bert_finetune {word}", f"Trained {word}.")


def attention_comparison(word):
    return compare_attention(maps(seed=0, model=word), maps(seed=1))


EXAMPLES: dict[str, Callable[[str], object]] = {
    "Advice": advice,
    "Answers": answers,
    "AttentionMaps": lambda word: maps(model=word, notes=(word,)),
    "Comparison": attention_comparison,
    "Entities": entities,
    "MultiLabelPredictions": multi_label_predictions,
    "NumberPredictions": number_predictions,
    "PanelState": panel_state,
    "Predictions": predictions,
    "Fills": fills,
    "NextSentences": next_sentences,
    "Similarities": similarities,
    "Explanation": explanation,
    "InfluentialRows": influential_rows,
    "SmallestEdit": smallest_edit,
    "AnchorWords": anchor_words,
    "Overview": overview,
    "Report": report,
    "Calibration": calibration,
    "Export": exported,
    "Figure": figure,
    "DataReport": data_report,
    "Catalogue": catalogue,
    "Status": status,
    "Errors": lambda word: Errors(examples(word), 3, 300, model=word),
    "Estimate": estimate,
    "Job": job,
    "Runs": runs,
    "MethodScores": method_scores,
    "ModelComparison": model_comparison,
    "RunDifference": run_difference,
    "Rates": rates,
    "Search": search,
    "BaseException": lambda word: DataError(f"no column {word}.", f"Choose {word}."),
}

MORE: dict[str, Callable[[str], object]] = {
    "Answers (one)": lambda word: answers(word, 1),
    "Fills (one mask)": lambda word: fills(word, 1),
    "Predictions (200 rows)": lambda word: predictions(word, 200),
    "Predictions (9 classes)": lambda word: predictions(word, 8, (word, *map(str, range(8)))),
    "Report (regression)": regression_report,
    "Search (going on)": lambda word: search(word, ""),
    "Job (none)": job,
    "Estimate (does not fit)": lambda word: estimate(word, fits=False),
    "ValueError": lambda word: ValueError(word),
}

HOSTILE = (
    "<img src=x onerror=alert(1)> & \"q\" 'a' </script> \x00 \x1b[31m \u202e {x} %s | `c` $m$ \\end{tabular} [l](u)"
)
"""Markup of four languages, what a terminal obeys, and what reverses a line. No lone surrogate: pandas holds none."""
