"""The labels of a text: those whose probability reaches their threshold."""

from __future__ import annotations

from typing import Any

import numpy as np


def decode(given: Any, texts: list[str], samples: list[Any], outputs: list[Any], model: dict[str, Any]) -> Any:
    """Return ``labels, probabilities``, from the mean of the logits of all windows of a text."""
    scores = np.mean(outputs, axis=0) / np.float32(model.get("temperature", 1.0))  # (labels,)
    chances = np.exp(-np.logaddexp(0.0, -scores.astype(np.float64))).tolist()
    each = list(zip(model["labels"], chances, model["thresholds"], strict=True))
    labels = [label for label, chance, threshold in each if chance >= threshold]
    return {"labels": labels, "probabilities": {str(label): chance for label, chance, _ in each}}
