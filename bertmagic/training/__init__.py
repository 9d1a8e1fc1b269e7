"""The training of a model.

`loop` takes the steps, each as `step` says, on the weights that `optimizer` moves; `events` tell of them, `runs` keep
them on disk, and `checkpoints` what a run needs to go on.
"""
