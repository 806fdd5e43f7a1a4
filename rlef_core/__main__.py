"""`python -m rlef_core` is `rlef-core`."""

from rlef_core.cli import main

main(prog_name="rlef-core")
