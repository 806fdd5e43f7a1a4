"""Find the Debian packages behind a file and all that they depend on, as files of a tree at the paths that they have on the host."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

from attrs import frozen

from rlef_nsjail.rootfs.part import Part

DATABASE = Path("/var/lib/dpkg/info")
QUERY = "${Package}\t${Architecture}\t${db:Status-Status}\t${Provides}\t${Pre-Depends}, ${Depends}\n"
# What packages depend on for their installation, or for scripts that no program of ours calls.
LEFT_OUT = frozenset(
    {"ca-certificates", "debconf", "dpkg", "install-info", "libc-bin", "libc-dev-bin", "perl", "perl-base", "python3", "rpcsvc-proto"}
)
KEPT = ("/bin/*", "/lib*/*", "/sbin/*", "/usr/*")
USELESS = (
    "/usr/share/doc/*", "/usr/share/doc-base/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
    "/usr/share/bash-completion/*", "/usr/share/bug/*", "/usr/include/node/*", "/usr/lib/node_modules/*",
    "*/gconv/*", "*/lto1", "*lto-dump*", "*/lib?san*", "*/libhwasan*", "*gprof*", "*gcov*",
)  # fmt: skip


@frozen
class Package:
    """One installed package: its name, that of its files in the database, what it stands for, what it needs with alternatives."""

    name: str
    files_name: str
    stands_for: frozenset[str]
    depends: tuple[tuple[str, ...], ...]


def package_part(paths: Iterable[Path]) -> Part | None:
    """The files of the packages that own `paths`, with their dependencies; None where a path is of no package."""
    owners = [owner(path) for path in paths]
    names = [name for name in owners if name is not None]
    if not names or len(names) < len(owners):
        return None
    closed = closure(names, installed())
    lists = [DATABASE / f"{package.files_name}.list" for package in closed]
    files = {place(Path(line)): Path(line) for path in lists for line in path.read_text().splitlines() if wanted(line)}
    return Part(files, frozenset(lists))


def owner(path: Path) -> str | None:
    """The package of a file; where folders are merged it may be registered at its old place."""
    old = str(path).removeprefix("/usr")
    try:
        found = subprocess.run(["dpkg-query", "--search", str(path), old], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return None
    return found.split(":", 1)[0].split(",")[0] if found else None


def installed() -> list[Package]:
    """Every package of the database that is unpacked and set up."""
    output = subprocess.run(["dpkg-query", "--show", "--showformat", QUERY], capture_output=True, text=True, check=True).stdout
    rows = (line.split("\t") for line in output.splitlines())
    return [package(*row) for row in rows if row[2] == "installed"]


def package(name: str, architecture: str, _status: str, provides: str, depends: str) -> Package:
    """A row of the database."""
    qualified = f"{name}:{architecture}"
    files_name = qualified if (DATABASE / f"{qualified}.list").exists() else name
    alternatives = tuple(tuple(names(group.replace("|", ","))) for group in depends.split(",") if group.strip())
    return Package(name, files_name, frozenset([name, *names(provides)]), alternatives)


def names(listed: str) -> list[str]:
    """The bare names of a list such as `libc6 (>= 2.36), libgcc1:any`."""
    return [re.split(r"[ (:]", item.strip())[0] for item in listed.split(",") if item.strip()]


def closure(wanted: Iterable[str], packages: Iterable[Package]) -> list[Package]:
    """The packages of these names and what they depend on: of alternatives the first that is installed."""
    by_name: Mapping[str, list[Package]] = providers(packages)
    found: dict[str, Package] = {}
    open_names = list(wanted)
    while open_names:
        name = open_names.pop()
        for each in by_name[name]:
            if each.files_name not in found and each.name not in LEFT_OUT:
                found[each.files_name] = each
                open_names += [choice for group in each.depends if (choice := first_installed(group, by_name))]
    return sorted(found.values(), key=lambda each: each.files_name)


def providers(packages: Iterable[Package]) -> defaultdict[str, list[Package]]:
    """Each name's real package, else those that stand for it."""
    real: defaultdict[str, list[Package]] = defaultdict(list)
    virtual: defaultdict[str, list[Package]] = defaultdict(list)
    for each in packages:
        real[each.name].append(each)
        for name in each.stands_for:
            virtual[name].append(each)
    return defaultdict(list, {**virtual, **real})


def first_installed(group: Iterable[str], by_name: Mapping[str, list[Package]]) -> str | None:
    """Which of the alternatives to take."""
    return next((name for name in group if name in by_name), None)


def wanted(line: str) -> bool:
    """Whether a path that a package lists is a file that tools may read."""
    kept = any(fnmatch(line, pattern) for pattern in KEPT) and not any(fnmatch(line, pattern) for pattern in USELESS)
    path = Path(line)
    return kept and (path.is_symlink() or path.is_file())


def place(path: Path) -> str:
    """A path of the host as it is inside: links of its folders followed, itself not."""
    return str(path.parent.resolve() / path.name)
