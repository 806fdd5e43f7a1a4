"""Tell how many processors this process may use, and how OpenMP is told to use them."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from rlef_core import Health
from rlef_core.builtin.machine.control_groups import contents


def processors(root: Path, usable: Collection[int]) -> Health:
    """The processors of `usable` with their cores; a note where a quota of a control group gives less time than they have."""
    topology = root / "sys/devices/system/cpu"
    siblings = {_text(topology / f"cpu{number}/topology/thread_siblings_list") or str(number) for number in usable}
    found = f"{len(usable)} usable, on {len(siblings)} {'core' if len(siblings) == 1 else 'cores'}"
    quota = min(_quotas(root), default=float("inf"))
    if quota >= len(usable):
        return Health("processors", True, found)
    share = max(1, int(quota))
    advice = f"set `threads: {{policy: {share}, optimizer: {share}, executor: {share}}}`: more threads wait for each other"
    return Health("processors", False, f"{found}, but a control group gives the time of {quota:g}", advice, needed=False)


def openmp(environment: Mapping[str, str], usable: int, load: float) -> Health:
    """What the environment says to OpenMP; a note where it is more threads than processors, or where waiting threads spin beside others.

    `load` is how many threads of the machine want to run, on average of a minute.
    """
    threads, policy = environment.get("OMP_NUM_THREADS"), environment.get("OMP_WAIT_POLICY")
    found = f"OMP_NUM_THREADS {threads or 'unset'}, OMP_WAIT_POLICY {policy or 'unset'}, load {load:.1f} on {usable}"
    advice = ""
    if threads and not _fits(threads, usable):
        advice = f"set OMP_NUM_THREADS to a number of at least 1 and at most {usable}, or unset it"
    elif load > usable and (policy or "").upper() != "PASSIVE":
        advice = "set OMP_WAIT_POLICY=PASSIVE while others keep the processors busy: spinning threads lose more than waiting ones"
    return Health("openmp", not advice, found, advice, needed=False)


def _quotas(root: Path) -> Iterator[float]:
    for quota, period in contents(root, "cpu", ("cpu.cfs_quota_us/cpu.cfs_period_us", "cpu.max")):
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)


def _fits(threads: str, usable: int) -> bool:
    # A list of numbers is for nested regions; the first is what a library gets.
    first = threads.split(",", maxsplit=1)[0].strip()
    return first.isascii() and first.isdigit() and 1 <= int(first) <= usable


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
