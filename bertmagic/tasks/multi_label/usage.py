"""How a saved model is used without bertmagic, for its card."""

from __future__ import annotations

from bertmagic.models.card import Usage

USAGE = Usage(
    transformers="""\
from transformers import pipeline

classify = pipeline("text-classification", model="PLACE", top_k=None, function_to_apply="sigmoid")
classify(EXAMPLE, truncation=True, max_length=LENGTH)""",
    note="it gives the probability of each label, and not the thresholds that are kept in `bertmagic.json`.",
)
