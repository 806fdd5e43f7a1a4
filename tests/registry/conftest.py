"""Installs the distributions of tests/dists as pip would: a module and a dist-info folder in a directory on sys.path."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy

import pytest

from rlef_core.registry import distributions

DISTS = Path(__file__).parents[1] / "dists"


def install(name: str, site: Path) -> Path:
    """Lay out one of tests/dists in `site`."""
    project = tomllib.loads((DISTS / name / "pyproject.toml").read_text())["project"]
    info = site / f"{name.replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    requires = [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    metadata = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {project['version']}", *requires, ""]
    points = [f"{plugin} = {module}" for plugin, module in project["entry-points"]["rlef"].items()]
    (info / "METADATA").write_text("\n".join(metadata))
    (info / "entry_points.txt").write_text("\n".join(["[rlef]", *points, ""]))
    for module in (DISTS / name).glob("*.py"):
        copy(module, site)
    return site


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """`installed("rlef-greeter", ...)` puts a directory with these distributions on sys.path, until the test ends."""
    site = tmp_path / "site"
    site.mkdir()
    modules = set(sys.modules)

    def with_names(*names: str) -> Path:
        for name in names:
            install(name, site)
        monkeypatch.syspath_prepend(site)
        return site

    yield with_names
    for module in set(sys.modules) - modules:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(site)):
            del sys.modules[module]


@pytest.fixture
def strangers() -> Callable[[], list[str]]:
    """`strangers()` lists the plugin distributions that are neither rlef-core nor of tests/dists, to be blocked."""
    ours = {"rlef-core", *(folder.name for folder in DISTS.iterdir())}
    return lambda: sorted({candidate.info.distribution for candidate in distributions.installed()} - ours)


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every distribution of tests/dists, each installed in a directory of its own, by name."""
    root = tmp_path_factory.mktemp("sites")
    return {folder.name: install(folder.name, root / folder.name) for folder in sorted(DISTS.iterdir()) if folder.is_dir()}
