"""A loop on a tiny real BERT, to be taken apart."""

from functools import partial

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.training.loop import Loop
from bertmagic.training.objective import Objective
from bertmagic.training.plan import Plan

MEAN = Objective(partial(torch.nn.functional.cross_entropy, reduction="sum"))


@pytest.fixture
def make_loop(bert_config, tokenizer, make_rows):
    """Return a function that makes a loop over 40 rows; ``dropout`` is that of all layers."""
    rows = make_rows(40)
    tokens = encode(tokenizer, rows["text"].tolist(), 64)
    targets = (rows["label"] == "good").to_numpy().astype(np.int64)

    def make(emit=lambda event: None, measure=None, objective=MEAN, dropout=0.1, checkpointer=None, **changes):
        known = {
            "steps": 10, "batch_size": 8, "lr": 1e-3, "warmup": 0.1, "weight_decay": 0.01, "schedule": "linear",
            "seed": 0, "eval_every": None, "patience": None, "metric": "accuracy", "higher_is_better": True,
            "precision": "fp32",
        } | changes  # fmt: skip
        rates = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = BertForSequenceClassification(BertConfig(**bert_config, **rates))
        model.train()
        return Loop(model, BatchSource(tokens, 0, targets), Plan(**known), objective, measure, emit, checkpointer)

    return make


@pytest.fixture
def full_over():
    """Return a function that has a model run out of memory for batches of more rows than it is told."""

    def full_over(model, rows, error=None):
        sizes, error = [], error or RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

        def refuse(module, args, known):
            sizes.append(len(known["input_ids"]))
            if sizes[-1] > rows:
                raise error

        model.register_forward_pre_hook(refuse, with_kwargs=True)
        return sizes

    return full_over
