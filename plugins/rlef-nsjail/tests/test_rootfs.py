import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import PluginError
from rlef_nsjail.rootfs import RootFS, default_cache, root_file_system, sweep
from rlef_nsjail.rootfs.cache import building, publish
from rlef_nsjail.rootfs.entry import known
from rlef_nsjail.rootfs.interpreter import binary_of
from rlef_nsjail.rootfs.packages import LEFT_OUT, Package, closure
from rlef_nsjail.rootfs.tree import DEVICES

THIS = Path(sys.executable)


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """Where a jail's user may walk to, which pytest's own folders are not for root."""
    path = Path(tempfile.mkdtemp(prefix="rootfs-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def tree(cache: Path) -> RootFS:
    before = os.umask(0o077)
    try:
        return root_file_system(THIS, {}, cache)
    finally:
        os.umask(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="rootfs-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def extra(folder: Path) -> Path:
    """A folder that a tool reads."""
    path = folder / "extra"
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "data").write_text("1")
    return path


def inside(tree: RootFS, *command: str, text: str = "") -> str:
    """What a command prints whose root is the tree, with a /tmp of its own."""
    script = 'mount -t tmpfs none "$0/tmp" && exec chroot "$0" "$@"'
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(tree.path), *command]
    environment = {"PYTHONHOME": "/py", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    done = subprocess.run(own, input=text, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(tree: RootFS, program: str) -> str:
    return inside(tree, tree.python, "-s", "-S", "-B", "-c", program)


def files_of(tree: RootFS) -> Iterator[Path]:
    return (path for path in tree.path.rglob("*") if path.is_file() and not path.is_symlink())


def private_tool(folder: Path) -> Path:
    """A program of no package, behind a folder whose name nobody inside shall learn."""
    path = folder / "a-secret-place" / "greet"
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(shutil.which("echo") or "/bin/echo", path)
    path.chmod(0o700)
    return path


def test_a_tree_starts_its_interpreter_whose_library_is_its_own(tree: RootFS) -> None:
    program = "import sys, json; print(sys.version_info[:3], json.__file__.startswith('/py/lib'), [p for p in sys.path if p[:3] != '/py'])"
    assert python(tree, program).strip() == f"{sys.version_info[:3]} True ['']"


def test_a_tree_has_every_module_that_programs_import(tree: RootFS) -> None:
    program = "import sys, importlib.util as u; print(*[name for name in sys.stdlib_module_names if u.find_spec(name) is None])"
    missing_here = {name for name in sys.stdlib_module_names if find_spec(name) is None}
    assert set(python(tree, program).split()) - missing_here <= {"ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo", "_tkinter"}


def test_extension_modules_find_their_libraries_inside(tree: RootFS) -> None:
    program = (
        "import importlib, os\n"
        "folder = os.path.dirname(os.__file__) + '/lib-dynload'\n"
        "for name in sorted(os.listdir(folder)): importlib.import_module(name.split('.')[0])\n"
        "print('all')\n"
    )
    assert python(tree, program) == "all\n"


def test_the_files_that_a_jail_mounts_on_are_there_and_empty(tree: RootFS) -> None:
    assert [(tree.path / "dev" / name).read_bytes() for name in DEVICES] == [b""] * len(DEVICES)
    for name in ("box", "tmp", "dev/shm", "proc"):
        assert list((tree.path / name).iterdir()) == []
    assert python(tree, "import pwd; print(pwd.getpwuid(65534).pw_name)") == "nobody\n"


def test_whoever_enters_a_tree_may_read_all_of_it_and_gains_no_rights(tree: RootFS) -> None:
    modes = {path: path.lstat().st_mode for path in tree.path.rglob("*") if not path.is_symlink()}
    assert not [path for path, mode in modes.items() if mode & (stat.S_ISUID | stat.S_ISGID | 0o022)]
    assert not [path for path, mode in modes.items() if mode & 0o004 == 0]
    assert not [path for path, mode in modes.items() if stat.S_ISDIR(mode) and mode & 0o001 == 0]


def test_compiled_files_are_never_checked_against_their_sources(tree: RootFS) -> None:
    compiled = [path for path in files_of(tree) if path.suffix == ".pyc"]
    assert len(compiled) > 400
    assert {path.read_bytes()[4:8] for path in compiled} == {b"\x01\0\0\0"}


def test_no_file_of_a_tree_is_shared_with_the_host(tree: RootFS) -> None:
    assert {path.stat().st_nlink for path in files_of(tree)} == {1}


def test_no_text_of_a_tree_names_where_the_interpreter_was(tree: RootFS) -> None:
    where = {str(Path.home()).encode(), str(tree.path).encode()} | ({sys.base_prefix.encode()} - {b"/usr", b"/usr/local"})
    texts = [path for path in files_of(tree) if path.suffix in {".py", ".pyc", ".conf"}]
    assert not [(path, name) for path in texts for name in where if name in path.read_bytes()]


def test_a_tree_is_found_again_in_milliseconds(tree: RootFS, cache: Path) -> None:
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        assert root_file_system(THIS, {}, cache) == tree
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.015


def test_a_tool_of_no_package_stands_in_usr_local_until_it_changes_and_hides_where_it_was(folder: Path, extra: Path) -> None:
    tool = private_tool(folder)
    tree = root_file_system(THIS, {"greet": tool}, folder / "cache", {"greet": [str(extra)]})
    assert tree.places == {"greet": "/usr/local/bin/greet"}
    assert inside(tree, tree.places["greet"], "hello") == "hello\n"
    assert (tree.path / str(extra)[1:] / "deep" / "data").read_text() == "1"
    assert not [path for path in files_of(tree) if b"a-secret-place" in path.read_bytes()]
    key = tree.digest.split("-")[0]
    assert known(folder / "cache", key) == tree
    os.utime(tool, (1, 1))
    assert known(folder / "cache", key) is None


def test_a_compiler_and_what_it_needs_come_with_its_packages(cache: Path) -> None:
    tree = root_file_system(THIS, {"g++": Path("g++"), "node": Path("node")}, cache)
    source = "#include <bits/stdc++.h>\nint main() { std::vector<int> v{3, 1}; std::sort(v.begin(), v.end()); std::cout << v[0]; }"
    program = (
        "import subprocess, sys\n"
        f"subprocess.run([{tree.places['g++']!r}, '-O2', '-x', 'c++', '-', '-o', '/tmp/a'], check=True)\n"
        "subprocess.run(['/tmp/a'], check=True)"
    )
    assert inside(tree, tree.python, "-s", "-S", "-B", "-c", program, text=source) == "1"
    assert inside(tree, tree.places["node"], "-e", "console.log([3, 1].sort()[0])") == "1\n"
    assert not (tree.path / "usr/share/doc").exists()
    assert not (tree.path / "usr/bin/perl").exists()


def test_a_virtual_environment_has_the_interpreter_of_its_base(folder: Path) -> None:
    base = binary_of(THIS)
    for kind in ("--symlinks", "--copies"):
        subprocess.run([base, "-m", "venv", "--without-pip", kind, folder / kind], check=True)
        assert binary_of(folder / kind / "bin" / "python") == base


def test_a_script_in_front_of_an_interpreter_is_asked_for_it(folder: Path) -> None:
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\nexec {binary_of(THIS)} "$@"\n')
    script.chmod(0o755)
    assert binary_of(script) == binary_of(THIS)


@pytest.mark.parametrize(
    ("interpreter", "tools", "told"),
    [
        (
            "/nowhere/python3",
            {},
            "found no interpreter at '/nowhere/python3', expected a CPython; install one (Debian: apt-get install python3)",
        ),
        ("/bin/false", {}, "found '/bin/false', which did not tell where its library is"),
        (str(THIS), {"node": Path("/nowhere/node")}, "found no 'node' at '/nowhere/node'"),
        (str(THIS), {"node": Path("no-such-node")}, "install it (Debian: apt-get install nodejs)"),
    ],
)
def test_what_is_missing_is_told_with_what_to_install(folder: Path, interpreter: str, tools: dict[str, Path], told: str) -> None:
    with pytest.raises(PluginError) as raised:
        root_file_system(Path(interpreter), tools, folder)
    assert told.replace("/bin/false", str(Path("/bin/false").resolve())) in str(raised.value)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_missing_for_a_tool_is_told(folder: Path) -> None:
    with pytest.raises(PluginError, match="found no '/nowhere' for 'greet', expected the absolute path"):
        root_file_system(THIS, {"greet": private_tool(folder)}, folder, {"greet": ["/nowhere"]})


def test_a_cache_that_others_can_write_to_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    with pytest.raises(PluginError, match="with mode 777, expected one that only you can write to"):
        root_file_system(THIS, {}, folder)


def test_root_is_told_of_a_cache_that_a_jail_cannot_reach(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PluginError, match="which only its owner may enter"):
        root_file_system(THIS, {}, folder / "cache")


def test_of_two_builders_at_once_the_first_wins_and_nothing_is_left(folder: Path) -> None:
    with building(folder) as first, building(folder) as second:
        for number, path in enumerate((first, second)):
            (path / "root").write_text(str(number))
            publish(path, folder / "tree")
    assert [path.name for path in folder.iterdir()] == ["tree"]
    assert (folder / "tree" / "root").read_text() == "0"


def test_a_build_that_fails_leaves_nothing(folder: Path) -> None:
    def fail() -> None:
        with building(folder) as path:
            (path / "root").mkdir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(folder.iterdir()) == []


def test_what_a_killed_builder_left_is_swept_and_nothing_else(folder: Path) -> None:
    killed = killed_builder(folder)
    (folder / "tree").mkdir()
    with building(folder) as alive:
        sweep(folder)
        assert killed.exists()  # it might be about to take its lock
        for path in (killed, alive, folder / "tree"):
            os.utime(path, (1, 1))
        sweep(folder)
        assert sorted(folder.iterdir()) == sorted([alive, folder / "tree"])


def killed_builder(folder: Path) -> Path:
    program = (
        "import sys; from pathlib import Path; from rlef_nsjail.rootfs.cache import building\n"
        "with building(Path(sys.argv[1])) as path: print(path, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        process.kill()
    return path


def test_root_keeps_trees_where_a_jail_can_reach_them_and_a_user_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_cache() == Path("/var/cache/rlef-core/rootfs")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert default_cache() == Path("/elsewhere/rlef-core/rootfs")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache/rlef-core/rootfs"


def package(name: str, *depends: tuple[str, ...], stands_for: tuple[str, ...] = ()) -> Package:
    return Package(name, name, frozenset([name, *stands_for]), depends)


def test_of_alternatives_the_first_that_is_installed_is_taken() -> None:
    packages = [
        package("tool", ("gone", "second"), ("virtual",)),
        package("second"),
        package("third", stands_for=("virtual",)),
        package("far"),
    ]
    assert [each.name for each in closure(["tool"], packages)] == ["second", "third", "tool"]


def test_what_packages_need_for_their_installation_only_is_left_out() -> None:
    packages = [package("tool", ("perl",)), package("perl", ("more",)), package("more")]
    assert "perl" in LEFT_OUT
    assert [each.name for each in closure(["tool"], packages)] == ["tool"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("abcdef"))))
def test_a_closure_has_all_that_its_packages_need_and_no_more(needs: dict[str, frozenset[str]]) -> None:
    found = {each.name for each in closure(["a"], [package(name, *((need,) for need in sorted(each))) for name, each in needs.items()])}
    reached = {"a"} & set(needs)
    while more := {need for name in reached for need in needs[name]} & set(needs) - reached:
        reached |= more
    assert found == reached
