"""How a saved model is used without bertmagic, for its card."""

from __future__ import annotations

from bertmagic.models.card import Usage

USAGE = Usage(
    transformers="""\
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("PLACE")
model = AutoModelForSequenceClassification.from_pretrained("PLACE")
inputs = tokenizer(EXAMPLE, truncation=True, max_length=LENGTH, return_tensors="pt")
model(**inputs).logits""",
    pair_example='"a first text", "a second text"',
    note="it gives the number in units of the training rows' spread; `bertmagic.json` has mean and scale.",
)
