"""Print rows of text one under the other."""

from collections.abc import Iterator, Sequence


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line for each row, its cells under those of the others; a row's last cell may be as long as it likes."""
    widths: dict[int, int] = {}
    for row in rows:
        for column, cell in enumerate(row[:-1]):
            widths[column] = max(widths.get(column, 0), len(cell))
    for row in rows:
        yield "  ".join([*(cell.ljust(widths[column]) for column, cell in enumerate(row[:-1])), row[-1]])
