"""Models run over many rows: `forward` computes the logits, `predictions` is the result that users get."""
