"""The wheels hold what they must, and nothing that they must not."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PLUGINS = [project.parent for project in sorted(REPOSITORY.glob("plugins/*/pyproject.toml"))]
DISTRIBUTIONS = {"rlef_core": REPOSITORY, **{plugin.name.replace("-", "_"): plugin for plugin in PLUGINS}}

pytestmark = pytest.mark.repository


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for project in DISTRIBUTIONS.values():
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=project, check=True, capture_output=True
        )
    return {path.name.split("-")[0]: zipfile.ZipFile(path) for path in folder.glob("*.whl")}


def test_there_is_one_wheel_for_every_distribution(wheels):
    assert sorted(wheels) == sorted(DISTRIBUTIONS)


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_a_wheel_holds_its_one_package_typed_and_the_licence(wheels, package):
    names = wheels[package].namelist()
    assert {name.split("/")[0] for name in names} == {package, next(n.split("/")[0] for n in names if ".dist-info/" in n)}
    assert f"{package}/py.typed" in names
    (licence,) = [name for name in names if name.endswith("licenses/LICENSE")]
    assert wheels[package].read(licence) == (REPOSITORY / "LICENSE").read_bytes()


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_a_wheel_holds_every_module_of_its_package(wheels, package):
    source = next(path for path in (DISTRIBUTIONS[package] / package, DISTRIBUTIONS[package] / "src" / package) if path.is_dir())
    modules = {str(path.relative_to(source.parent)) for path in source.rglob("*.py")}
    assert modules <= set(wheels[package].namelist())


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_a_wheel_offers_its_plugin_by_an_entry_point_of_group_rlef(wheels, package):
    (entry_points,) = [name for name in wheels[package].namelist() if name.endswith(".dist-info/entry_points.txt")]
    assert "[rlef]" in wheels[package].read(entry_points).decode()
