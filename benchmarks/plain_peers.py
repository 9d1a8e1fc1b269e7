"""What a default run is compared with in `defaults.py`, for every kind of set.

Linear models of scikit-learn, `transformers.Trainer`, and SetFit where it is installed. Each is used as its own
documentation would have a user run it. A method takes a `Sample` and a seed, and returns a label for each test row, in
the form of the set's labels.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import corpora
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from public_sets import Sample

PENALTIES = tuple(10.0**power for power in range(-2, 3))
"""The C of the logistic regressions among which cross-validation chooses; for ridge they are 1 / alpha."""

Place = tuple[list[str], int]
"""The words of a text, and the position of one of them."""


@dataclass(frozen=True)
class Values:
    """Values of `TrainingArguments`; the rest is by default."""

    lr: float
    batch_size: int
    max_length: int | None = None


DEFAULTS = Values(lr=5e-5, batch_size=8)
"""Of `TrainingArguments` itself: three epochs, linear decay, no warm-up."""

EXAMPLE = Values(lr=2e-5, batch_size=32, max_length=128)
"""Of the text classification example of transformers (``run_glue.py``), with three epochs, too."""

SETFIT_ROWS = 200
"""SetFit trains on pairs of rows, so its time grows with their square."""


def tfidf(sample: Sample, seed: int) -> list[Any]:
    """TF-IDF of words and bigrams with logistic regression (C = 10) or ridge, the texts of a pair joined.

    For entities, TF-IDF of a word, its ending, its shape and its neighbours.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    if sample.kind == "entities":
        vectorizer, train, test = TfidfVectorizer(analyzer=context), places(sample.train), places(sample.test)
    else:
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        train, test = (part[sample.columns].agg(" ".join, axis=1).tolist() for part in (sample.train, sample.test))
    model = Ridge() if sample.kind == "regression" else LogisticRegression(C=10, max_iter=1000)
    return linear(sample, make_pipeline(vectorizer, model), train, test)


def places(rows: Any) -> list[Place]:
    return [(words, at) for words in rows["text"] for at in range(len(words))]


def context(place: Place) -> list[str]:
    words, at = place
    word, around = words[at], ["", *words, ""]
    shape = "".join("X" if letter.isupper() else "0" if letter.isdigit() else "x" for letter in word[:4])
    return [f"={word.lower()}", f"<{around[at].lower()}", f">{around[at + 2].lower()}", f"...{word[-3:]}", f"#{shape}"]


def frozen(sample: Sample, seed: int) -> list[Any]:
    """A linear model on the mean vectors of the encoder; its C or alpha is chosen by cross-validation.

    Features of a pair are |u - v|, u * v and the cosine; those of a word are the mean of its pieces.
    """
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.multiclass import OneVsRestClassifier

    train, test = features(sample)
    if sample.kind == "regression":
        return linear(sample, RidgeCV([1 / C for C in PENALTIES]), train, test)
    # The words of a sentence stay in one fold.
    folds = KFold(3) if sample.kind == "entities" else 5
    logistic = LogisticRegression(max_iter=1000)
    if sample.kind == "multi-label":
        grid, model, scoring = "estimator__C", OneVsRestClassifier(logistic), "f1_micro"
    else:
        grid, model, scoring = "C", logistic, "accuracy"
    return linear(sample, GridSearchCV(model, {grid: PENALTIES}, cv=folds, scoring=scoring), train, test)


def linear(sample: Sample, model: Any, train: Any, test: Any) -> list[Any]:
    """Fit a scikit-learn model to the labels of a sample, and predict those of its test rows."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import MultiLabelBinarizer

    labels, several = sample.train["label"], None
    if sample.kind == "multi-label":
        several = MultiLabelBinarizer(classes=sample.names)
        targets = several.fit_transform(labels)
        if hasattr(model, "steps"):
            model.steps[-1] = ("several", OneVsRestClassifier(model.steps[-1][1]))
    else:
        targets = np.concatenate(labels.to_list()) if sample.kind == "entities" else labels.to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes of fewer rows than folds
        predicted = model.fit(train, targets).predict(test)
    if several is not None:
        return [list(row) for row in several.inverse_transform(predicted)]
    if sample.kind == "entities":
        ends = np.cumsum([len(words) for words in sample.test["text"]])
        return [part.tolist() for part in np.split(predicted, ends[:-1])]
    return list(predicted.tolist())


def features(sample: Sample) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The vectors of the training and the test rows, or of their words; shape ``(rows or words, width)``."""
    parts = []
    for rows in (sample.train, sample.test):
        sides = [vectors(rows[name].tolist()) for name in sample.columns]
        if len(sides) == 2:
            u, v = sides
            parts.append(np.hstack([abs(u - v), u * v, cosines(u, v)[:, None]]))
        else:
            parts.append(sides[0])
    return parts[0], parts[1]


def cosine(sample: Sample, seed: int) -> list[Any]:
    """The cosine of the mean vectors of the two texts of a pair: nothing is learnt."""
    first, second = (vectors(sample.test[name].tolist()) for name in sample.columns)
    return list(cosines(first, second).tolist())


def cosines(u: npt.NDArray[np.float32], v: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    products = (u * v).sum(1) / (np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1))
    return np.asarray(products, np.float32)


def vectors(texts: Sequence[Any], at_once: int = 32) -> npt.NDArray[np.float32]:
    """The mean of the last layer over the tokens of each text, or over the pieces of each word of a list of words."""
    import torch
    import transformers

    encoder = transformers.AutoModel.from_pretrained(corpora.minilm()).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(corpora.minilm())
    means: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)] * len(texts)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for start in range(0, len(order), at_once):
        rows = order[start : start + at_once]
        split = not isinstance(texts[rows[0]], str)
        inputs = tokenizer(
            [texts[row] for row in rows], is_split_into_words=split, truncation=True, padding=True, return_tensors="pt"
        )
        with torch.inference_mode():
            outputs = encoder(**inputs).last_hidden_state
        for at, row in enumerate(rows):
            if split:
                pieces = inputs.word_ids(at)
                own = [[i for i, word in enumerate(pieces) if word == n] for n in range(len(texts[row]))]
                means[row] = np.stack([outputs[at, i].sum(0).numpy() / max(len(i), 1) for i in own])
            else:
                means[row] = outputs[at, : int(inputs["attention_mask"][at].sum())].mean(0, keepdim=True).numpy()
    return np.concatenate(means)


def trainer(sample: Sample, seed: int, values: Values = DEFAULTS) -> list[Any]:
    """`transformers.Trainer`; the weights of the last step predict, as it has it by default."""
    import datasets
    import torch
    import transformers

    transformers.set_seed(seed)
    names, weights = sample.names, corpora.minilm()
    tokenizer = transformers.AutoTokenizer.from_pretrained(weights)
    with_head = getattr(
        transformers, f"AutoModelFor{'Token' if sample.kind == 'entities' else 'Sequence'}Classification"
    )
    problem = {"multi-label": "multi_label_classification", "regression": "regression"}.get(sample.kind)
    # With attention dropout, SDPA takes its slow path on a CPU: the plain products are Trainer's faster choice there.
    model = with_head.from_pretrained(
        weights, num_labels=len(names) or 1, problem_type=problem,
        attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
    )  # fmt: skip
    collator = {"entities": transformers.DataCollatorForTokenClassification}.get(
        sample.kind, transformers.DataCollatorWithPadding
    )
    with tempfile.TemporaryDirectory() as folder:
        loop = transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(
                folder, seed=seed, learning_rate=values.lr, per_device_train_batch_size=values.batch_size,
                num_train_epochs=3, save_strategy="no", report_to="none", disable_tqdm=True, logging_strategy="no",
                use_cpu=not torch.cuda.is_available(), dataloader_pin_memory=torch.cuda.is_available(),
            ),
            data_collator=collator(tokenizer),
            train_dataset=datasets.Dataset.from_dict(encoded(sample, sample.train, tokenizer, values.max_length)),
        )  # fmt: skip
        loop.train()
        test = encoded(sample, sample.test, tokenizer, values.max_length)
        logits: Any = loop.predict(datasets.Dataset.from_dict(test)).predictions
    return decoded(sample, logits, test["labels"])


def recipe(sample: Sample, seed: int) -> list[Any]:
    """`transformers.Trainer` with the values of its text classification example."""
    return trainer(sample, seed, EXAMPLE)


def encoded(sample: Sample, rows: Any, tokenizer: Any, max_length: int | None) -> dict[str, list[Any]]:
    """Tokens and targets; of the tokens of a word, the first has its tag and the others are ignored (-100)."""
    number = {name: at for at, name in enumerate(sample.names)}
    tokens = tokenizer(
        *(rows[name].tolist() for name in sample.columns), truncation=True, max_length=max_length,
        is_split_into_words=sample.kind == "entities",
    )  # fmt: skip
    if sample.kind == "classification":
        targets: list[Any] = [number[label] for label in rows["label"]]
    elif sample.kind == "multi-label":
        targets = [[float(name in label) for name in number] for label in rows["label"]]
    elif sample.kind == "regression":
        targets = rows["label"].tolist()
    else:
        targets = []
        for row, tags in enumerate(rows["label"]):
            pieces = tokens.word_ids(row)
            first = [i > 0 and pieces[i] != pieces[i - 1] and pieces[i] is not None for i in range(len(pieces))]
            targets.append([number[tags[pieces[i]]] if is_first else -100 for i, is_first in enumerate(first)])
    return {**tokens, "labels": targets}


def decoded(sample: Sample, logits: npt.NDArray[np.float32], targets: list[Any]) -> list[Any]:
    """Labels from logits; a word that was cut off is outside of all entities."""
    names = sample.names
    if sample.kind == "classification":
        return [names[at] for at in logits.argmax(1)]
    if sample.kind == "multi-label":
        return [[name for name, logit in zip(names, row, strict=True) if logit > 0] for row in logits]
    if sample.kind == "regression":
        return list(logits[:, 0].tolist())
    tag_rows = []
    for row, target, words in zip(logits, targets, sample.test["text"], strict=True):
        tags = [names[row[at].argmax()] for at, label in enumerate(target) if label != -100]
        tag_rows.append(tags + ["O"] * (len(words) - len(tags)))
    return tag_rows


def setfit(sample: Sample, seed: int) -> list[Any]:
    """SetFit with its defaults."""
    import datasets
    from setfit import SetFitModel, Trainer, TrainingArguments  # type: ignore[import-not-found,unused-ignore]

    model = SetFitModel.from_pretrained(str(corpora.minilm()), labels=sample.names)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(folder, seed=seed, save_strategy="no", report_to="none", show_progress_bar=False)
        rows = datasets.Dataset.from_pandas(sample.train)
        Trainer(model=model, args=arguments, train_dataset=rows).train()
    return [str(label) for label in model.predict(sample.test["text"].tolist())]
