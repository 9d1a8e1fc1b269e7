"""One run: on disk its folder, lock, record and checkpoints; in the process its job and stop button."""
