"""The loop, checkpoints, and a run's journals."""
