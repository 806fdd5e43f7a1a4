"""Play episodes with the current policy."""
