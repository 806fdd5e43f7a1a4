"""The explicit halves of tiny programs: how input is read, how the result is printed, and the words of the statement."""

import hashlib
import itertools
from collections.abc import Callable, Iterator

from attrs import frozen

from rlef_core.builtin.tiny_programs.rules import FAMILIES, Family, Inputs, Value


@frozen
class Reader:
    """A way to read input: the statement's sentence, the program's lines, and the text of a value on standard input."""

    name: str
    family: str
    sentence: str
    code: str
    write: Callable[[Value], str]


@frozen
class Printer:
    """A way to print the result: the statement's sentence, the program's line, and the text around the result."""

    name: str
    sentence: str
    code: str
    text: str


READERS = (
    Reader("number", "number", "Read one integer.", "n = int(input())", str),
    Reader("pair", "pair", "Read two integers from one line.", "a, b = map(int, input().split())", lambda pair: f"{pair[0]} {pair[1]}"),
    Reader(
        "lines", "pair", "Read two integers, one on each line.", "a = int(input())\nb = int(input())", lambda pair: f"{pair[0]}\n{pair[1]}"
    ),
    Reader("list", "list", "Read a line of integers.", "xs = list(map(int, input().split()))", lambda xs: " ".join(map(str, xs))),
    Reader(
        "counted",
        "list",
        "Read a count, then that many integers on one line.",
        "n = int(input())\nxs = list(map(int, input().split()))",
        lambda xs: f"{len(xs)}\n{' '.join(map(str, xs))}",
    ),
    Reader("word", "word", "Read one word.", "s = input()", str),
)
PRINTERS = (
    Printer("plain", "Print the result alone.", "print(result)", "{}"),
    Printer("answer", 'Print "Answer:" and the result.', 'print("Answer:", result)', "Answer: {}"),
    Printer("brackets", "Print the result in square brackets.", 'print(f"[{result}]")', "[{}]"),
    Printer("equals", "Print an equals sign and the result.", 'print("=", result)', "= {}"),
)
WORDINGS = (
    "Compute the result.",
    "Work out the result.",
    "Find the result we look for.",
    "Make one result of it.",
    "The result follows from it.",
    "A hidden rule gives the result.",
    "Turn it into the result.",
    "Derive the result.",
    "The tests tell you which result.",
    "Obtain the result from it.",
    "Determine the result.",
    "Apply the usual rule to get the result.",
    "From this comes the result.",
    "Say what the result is.",
    "What is the result?",
)


@frozen
class Frame:
    """All that a statement says. Which rule is meant it does not say."""

    reader: Reader
    wording: str
    printer: Printer

    @property
    def statement(self) -> str:
        return f"{self.reader.sentence}\n{self.wording}\n{self.printer.sentence}"

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits of the statement's SHA-256."""
        return hashlib.sha256(self.statement.encode()).hexdigest()[:16]

    @property
    def family(self) -> Family:
        return FAMILIES[self.reader.family]

    @property
    def inputs(self) -> Inputs:
        """The inputs of every task of this frame. They follow from reader and printer, whatever the wording: a program is run once."""
        sets = self.family.inputs
        return sets[number_of(f"inputs {self.reader.name} {self.printer.name}") % len(sets)]

    def program(self, compute: str) -> str:
        """A whole program around the lines that compute `result`."""
        return f"{self.reader.code}\n{compute}\n{self.printer.code}\n"

    def output(self, result: object) -> str:
        return self.printer.text.format(result) + "\n"


def frames() -> Iterator[Frame]:
    """Every frame, in a stable order; no two have one statement."""
    return itertools.starmap(Frame, itertools.product(READERS, WORDINGS, PRINTERS))


def number_of(text: str) -> int:
    """A number that follows from `text` alone, the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
