"""How a saved encoder is used without bertmagic, for its card."""

from __future__ import annotations

from bertmagic.models.card import Usage

USAGE = Usage(
    pipeline="feature-extraction",
    transformers="""\
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("PLACE")
model = AutoModel.from_pretrained("PLACE")
inputs = tokenizer(EXAMPLE, truncation=True, max_length=LENGTH, return_tensors="pt")
model(**inputs).last_hidden_state.mean(dim=1)""",
    call='model.embed("a text")',
    note="this is the mean of the tokens.",
)
