"""One run: its folder, log, record and checkpoints on disk; its job and stop button in the process."""
