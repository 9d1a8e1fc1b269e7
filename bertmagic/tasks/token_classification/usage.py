"""How a saved model is used without bertmagic, for its card."""

from __future__ import annotations

from bertmagic.models.card import Usage

USAGE = Usage(
    pipeline="token-classification",
    transformers="""\
from transformers import pipeline

find = pipeline("token-classification", model="PLACE", aggregation_strategy="simple")
find(EXAMPLE)""",
)
