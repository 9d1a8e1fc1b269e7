"""The mathematics of a run: `loop` takes the steps, `step` computes one, `optimizer` moves the weights."""
