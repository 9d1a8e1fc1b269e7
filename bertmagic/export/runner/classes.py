"""The class of a text, with the probability of each class."""

from __future__ import annotations

from typing import Any

import numpy as np


def decode(given: Any, texts: list[str], samples: list[Any], outputs: list[Any], model: dict[str, Any]) -> Any:
    """Return ``label, score, probabilities``, from the mean of the logits of all windows of a text."""
    scores = np.mean(outputs, axis=0) / model.get("temperature", 1.0)  # (classes,)
    chances = np.exp(scores - scores.max())
    chances = (chances / chances.sum()).tolist()
    best = int(np.argmax(chances))
    named = {str(label): chance for label, chance in zip(model["labels"], chances, strict=True)}
    return {"label": model["labels"][best], "score": chances[best], "probabilities": named}
