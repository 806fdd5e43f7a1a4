"""The hidden halves of tiny programs: for every kind of input, eight rules that the statement leaves open."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from attrs import frozen

Value = Any
"""What a program reads: an integer, a pair of integers, a list of integers or a word."""


@frozen
class Rule:
    """One way to get a result. `buggy` agrees with `answer` on every public input of its family and fails on some private one."""

    name: str
    answer: Callable[[Value], object]
    code: str
    buggy: str


NUMBER = (
    Rule("double", lambda n: n * 2, "result = n * 2", "result = abs(n) * 2"),
    Rule("square", lambda n: n * n, "result = n * n", "result = n * abs(n)"),
    Rule("negative", lambda n: -n, "result = -n", "result = -abs(n)"),
    Rule("next", lambda n: n + 1, "result = n + 1", "result = abs(n) + 1"),
    Rule("half", lambda n: n // 2, "result = n // 2", "result = int(n / 2)"),
    Rule("last-digit", lambda n: abs(n) % 10, "result = abs(n) % 10", "result = n % 10"),
    Rule(
        "digit-sum",
        lambda n: sum(map(int, str(abs(n)))),
        "result = 0\nfor digit in str(abs(n)):\n    result += int(digit)",
        "result = 0\nfor digit in str(n):\n    result += int(digit)",
    ),
    Rule("ten-more", lambda n: n + 10, "result = n + 10", "result = max(n, 0) + 10"),
)
PAIR = (
    Rule("sum", lambda p: p[0] + p[1], "result = a + b", "result = abs(a) + abs(b)"),
    Rule("difference", lambda p: p[0] - p[1], "result = a - b", "result = abs(a - b)"),
    Rule("product", lambda p: p[0] * p[1], "result = a * b", "result = abs(a * b)"),
    Rule("larger", max, "result = max(a, b)", "result = a"),
    Rule("smaller", min, "result = min(a, b)", "result = b"),
    Rule("middle", lambda p: (p[0] + p[1]) // 2, "result = (a + b) // 2", "result = int((a + b) / 2)"),
    Rule("squares", lambda p: p[0] ** 2 + p[1] ** 2, "result = a * a + b * b", "result = a * a + b * abs(b)"),
    Rule("weighted", lambda p: 2 * p[0] + p[1], "result = 2 * a + b", "result = 2 * abs(a) + b"),
)
LIST = (
    Rule(
        "sum",
        sum,
        "result = 0\nfor x in xs:\n    result += x",
        "result = 0\nfor x in xs:\n    result += abs(x)",
    ),
    Rule("largest", max, "result = max(xs)", "result = 0\nfor x in xs:\n    result = max(result, x)"),
    Rule("smallest", min, "result = min(xs)", "result = 99\nfor x in xs:\n    result = min(result, abs(x))"),
    Rule("length", len, "result = len(xs)", "result = len(set(xs))"),
    Rule("first", lambda xs: xs[0], "result = xs[0]", "result = abs(xs[0])"),
    Rule("last", lambda xs: xs[-1], "result = xs[-1]", "result = xs[3]"),
    Rule("spread", lambda xs: max(xs) - min(xs), "result = max(xs) - min(xs)", "result = max(xs) - abs(min(xs))"),
    Rule(
        "product",
        prod,
        "result = 1\nfor x in xs:\n    result *= x",
        "result = 1\nfor x in xs:\n    result *= abs(x)",
    ),
)
WORD = (
    Rule("reverse", lambda s: s[::-1], "result = s[::-1]", "result = s[4::-1]"),
    Rule("length", len, "result = len(s)", "result = len(set(s))"),
    Rule("first", lambda s: s[0], "result = s[0]", "result = s[-5]"),
    Rule("last", lambda s: s[-1], "result = s[-1]", "result = s[4]"),
    Rule("twice", lambda s: s + s, "result = s + s", "result = s + s[:5]"),
    Rule("sorted", lambda s: "".join(sorted(s)), 'result = "".join(sorted(s))', 'result = "".join(sorted(set(s)))'),
    Rule(
        "vowels",
        lambda s: sum(c in "aeiou" for c in s),
        'result = 0\nfor c in s:\n    if c in "aeiou":\n        result += 1',
        'result = 0\nfor c in "aeiou":\n    if c in s:\n        result += 1',
    ),
    Rule("ends", lambda s: s[0] + s[-1], "result = s[0] + s[-1]", "result = s[0] + s[4]"),
)


@frozen
class Inputs:
    """What the cases of a task feed to its program."""

    public: Sequence[Value]
    private: Sequence[Value]


@frozen
class Family:
    """The rules for one kind of value, and the sets of inputs that their tasks draw from."""

    rules: Sequence[Rule]
    inputs: Sequence[Inputs]


# On public inputs no output of one rule is ever an output of another, so that one failing case tells which rule is meant.
FAMILIES: Mapping[str, Family] = {
    "number": Family(
        NUMBER,
        (
            Inputs((27,), (-7, 0, -13, 121)),
            Inputs((46, 35), (-9, -4, 0)),
            Inputs((47,), (-15, 8, 0, -2, 40)),
        ),
    ),
    "pair": Family(
        PAIR,
        (
            Inputs(((15, 7),), ((-6, -11), (-3, 8), (5, -7), (0, -2))),
            Inputs(((15, 13), (6, 4)), ((-9, -4), (-2, 7), (6, -11))),
            Inputs(((15, 3),), ((-5, -8), (-7, 4), (3, -9), (2, 2), (-1, 0))),
        ),
    ),
    "list": Family(
        LIST,
        (
            Inputs(((9, 15, 7, 12),), ((-3, -9, -3, -5, -4), (6, -2, 6, 0, 4, 10), (-7,))),
            Inputs(((11, 13, 5, 12), (6, 15, 5, 14)), ((-8, -1, -8, -6, -2), (4, 1, 4, 2, -6), (-5, -5))),
            Inputs(((11, 15, 7, 14),), ((-2, -6, -2, -4, -8), (3, 3, 12, -10, 6), (-9,), (0, 8, -1, 0, 2))),
        ),
    ),
    "word": Family(
        WORD,
        (
            Inputs(("stone",), ("banana", "eerie", "a", "oo")),
            Inputs(("chair", "flint"), ("tomato", "go", "assess")),
            Inputs(("brick",), ("cocoon", "by", "eee", "referee")),
        ),
    ),
}
