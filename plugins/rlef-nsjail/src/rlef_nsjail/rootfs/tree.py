"""Assemble a tree: copy files to their places, add what a jail mounts on, make the loader find the libraries."""

import os
import shutil
import subprocess
from pathlib import Path

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs.commands import command
from rlef_nsjail.rootfs.part import Part

FOLDERS = ("box", "dev/shm", "etc", "proc", "tmp", "usr/lib")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
DEVICES = ("null", "zero", "urandom", "random")
LINKS = {"dev/stdin": "/tmp/.stdin"}  # where a jail puts a copy for a program that names it: it has no /proc
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/:/bin/false\nnobody:x:65534:65534:nobody:/tmp:/bin/false\n",
    "etc/group": "root:x:0:\nnobody:x:65534:\n",
}


def assemble(root: Path, part: Part) -> None:
    """Fill the empty folder `root`. Whoever may enter may read everything; nothing in it has another's rights."""
    root.chmod(0o755)
    for name in MERGED:
        host = Path("/", name)
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
    for name in FOLDERS:
        folder(root / name)
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    for device in DEVICES:
        write(root / "dev" / device, "")
    for name, text in TEXTS.items():
        write(root / name, text)
    for inside, source in part.files.items():
        place(source, root / inside.lstrip("/"))
    cache_libraries(root, part)


def folder(path: Path) -> None:
    """Make a folder and those above it, readable by all whatever the umask is."""
    if not path.is_dir():
        folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def write(path: Path, text: str) -> None:
    """Write a file that all may read."""
    path.write_text(text)
    path.chmod(0o644)


def place(source: Path, target: Path) -> None:
    """Copy one file; the content only, without its owner and special rights."""
    folder(target.parent)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def cache_libraries(root: Path, part: Part) -> None:
    """Tell the loader where libraries are."""
    write(root / "etc/ld.so.conf", "".join(f"{name}\n" for name in sorted(part.library_folders)))
    ldconfig = [command("ldconfig", "libc-bin"), "-r", str(root)]
    done = subprocess.run(ldconfig, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PluginError(f"{' '.join(ldconfig)!r} failed: {done.stderr.strip()!r}, expected it to write etc/ld.so.cache; report this")
    (root / "etc/ld.so.cache").chmod(0o644)
