"""How a saved model is used without bertmagic, for its card."""

from __future__ import annotations

from bertmagic.models.card import Usage

USAGE = Usage(
    pipeline="fill-mask",
    transformers="""\
from transformers import pipeline

fill = pipeline("fill-mask", model="PLACE")
fill(f"A text with {fill.tokenizer.mask_token} in it.")""",
    call='model.fill("A text with [MASK] in it.").frame',
    reads_texts=False,
)
