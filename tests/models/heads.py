"""Tiny classifiers of many architectures."""

import torch
import transformers

SIZES = {
    "vocab_size": 64, "pad_token_id": 0, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": 64, "num_labels": 3,
}  # fmt: skip
CLASSIFIERS = {
    "bert": {},
    "roberta": {},
    "electra": {"embedding_size": 16},
    "camembert": {},
    "ernie": {},
    "albert": {"embedding_size": 16},
    "deberta-v2": {},
    "mpnet": {},
    "fnet": {},
    "convbert": {},
    "distilbert": {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4},
    "modernbert": {"bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2},
}
"""The kinds, with what their configs have beside `SIZES`."""


def classifier(kind):
    """Return a classifier of three classes in evaluation mode, always with the same random weights."""
    sizes = {
        name: value for name, value in SIZES.items() if kind != "distilbert" or name in ("vocab_size", "num_labels")
    }
    config = transformers.AutoConfig.for_model(kind, **(sizes | CLASSIFIERS[kind]))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return transformers.AutoModelForSequenceClassification.from_config(config).eval()
