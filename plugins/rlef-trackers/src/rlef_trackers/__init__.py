"""Draw what became of a run."""
