"""Models run over many rows: `forward` computes logits, `embedding` vectors of texts; `predictions` is a result."""
