"""One run and what it leaves on disk: folder, lock, checkpoints, metrics and their picture."""
