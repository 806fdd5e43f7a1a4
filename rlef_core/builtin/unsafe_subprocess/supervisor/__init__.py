"""Run programs one at a time, from small processes of their own: standard library only, so that they start fast and hold nothing secret.

Run apart from rlef_core (`python -I -S`), hence the relative imports.
"""
