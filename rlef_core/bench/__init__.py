"""Measure components side by side, in one run, with what they cost and where they fail."""
