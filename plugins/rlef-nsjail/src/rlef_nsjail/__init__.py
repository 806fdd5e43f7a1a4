"""Run programs of a model in jails that show them nothing of the host."""
