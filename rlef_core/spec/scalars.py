"""What a plain word of YAML 1.2 means (its core schema): `1e-7` is a number, `no` is a word, a date is text."""

import re
from collections.abc import Callable, Mapping

Scalar = str | int | float | bool | None


def plain_value(text: str) -> Scalar:
    """The value of a scalar written without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    for form, value in _FORMS.items():
        if re.fullmatch(form, text):
            return value(text)
    return text


def _integer(radix: int) -> Callable[[str], Scalar]:
    def value(text: str) -> Scalar:
        try:
            return int(text, radix)
        except ValueError:  # Python refuses thousands of digits; as text they are refused with their place
            return text

    return value


_WORDS: Mapping[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}

_FORMS: Mapping[str, Callable[[str], Scalar]] = {
    r"[-+]?[0-9]+": _integer(10),
    r"0o[0-7]+": _integer(8),
    r"0x[0-9a-fA-F]+": _integer(16),
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?": float,
    r"[-+]?\.(inf|Inf|INF)": lambda text: float(text.replace(".", "")),
}
