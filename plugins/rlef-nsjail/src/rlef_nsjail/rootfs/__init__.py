"""Build the root file system of a jail: an interpreter and tools copied into a tree of their own, once, cached by what they are."""

from rlef_nsjail.rootfs.cache import default_cache, sweep
from rlef_nsjail.rootfs.entry import RootFS, root_file_system

__all__ = ["RootFS", "default_cache", "root_file_system", "sweep"]
