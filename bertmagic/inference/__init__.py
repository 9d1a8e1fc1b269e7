"""Models run over many rows: `forward` computes the logits, `embedding` the vectors of texts; `predictions` is a result."""
