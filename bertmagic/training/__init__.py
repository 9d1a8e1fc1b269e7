"""The training of a model: `loop` takes the steps, `events` tell of them, `runs` keep them on disk."""
