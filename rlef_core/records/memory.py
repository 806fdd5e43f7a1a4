"""What a component is asked about the memory that it will hold, and what it answers."""

from attrs import frozen

from rlef_core.records.model import ModelSpec


@frozen
class MemoryQuestion:
    """What of a spec decides how much memory a component holds, besides its own config.

    devices: those given to its role, as `Context.devices`. accelerated: the machine has accelerators. capacity: bytes of the smallest
    accelerator, None where that is unknown. concurrency: episodes at once. nucleus: some sampling keeps less than all tokens (`top_p`).
    scheme: how weights come from the optimizer to the policy.
    """

    model: ModelSpec | None
    devices: tuple[str, ...] = ()
    accelerated: bool = False
    capacity: int | None = None
    concurrency: int = 1
    nucleus: bool = False
    scheme: str = ""

    def places(self, processes: int = 1) -> tuple[str, ...]:
        """The device of each of so many processes: those given, in order; without any, the first accelerators, else the CPU."""
        if self.devices:
            return tuple(self.devices[process % len(self.devices)] for process in range(processes))
        return tuple(f"cuda:{process}" for process in range(processes)) if self.accelerated else ("cpu",) * processes


@frozen
class MemoryUse:
    """Bytes that a component holds on a device at its peak.

    device: `cpu` or `cuda:N`; one of another machine has its name and a slash before. lower: changes of the spec that make it less, as
    `--set` takes them (several that go together have blanks between them), the one to be tried first in front; empty where no setting does.
    """

    device: str
    what: str
    bytes: int
    lower: tuple[str, ...] = ()
