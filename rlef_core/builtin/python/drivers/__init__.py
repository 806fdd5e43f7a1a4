"""What runs beside a program, in its process: standard library only, imports as few as possible, for each costs every run.

A driver is its parts in a row, without the imports among them, annotations and docstrings (see `python/__init__.py`).
"""
