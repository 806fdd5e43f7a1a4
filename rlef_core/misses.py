"""Suggest the name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """`; did you mean 'a' or 'b'?` for up to three choices close to `name`, nearest first; empty when none is close."""
    by_lower = {choice.lower(): choice for choice in choices}
    close = [by_lower[lower] for lower in get_close_matches(name.lower(), by_lower, n=3)]
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
