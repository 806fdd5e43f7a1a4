"""What runs beside a program, in its process: standard library only, imports as few as possible, for each costs every run.

A driver is the sources of its parts in a row; the relative imports among them fall away (see `python/__init__.py`).
"""
