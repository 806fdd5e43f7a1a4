"""Word a number of bytes."""


def size(number: int) -> str:
    """In GiB, or in MiB below one."""
    return f"{number / (1 << 30):.1f} GiB" if number >= 1 << 30 else f"{number / (1 << 20):.0f} MiB"
