"""Converters of data sets, offered by entry points of the group `rlef.converters`; `tasks convert` reaches them by their names."""
