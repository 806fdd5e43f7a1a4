"""Needs a core that is not out yet; importing it is a fault of the registry."""

raise AssertionError("an incompatible plugin was imported")
