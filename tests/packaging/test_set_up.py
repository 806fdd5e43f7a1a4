"""What `make setup` installs is pinned, and what checks the code is the same everywhere."""

import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).parents[2]
PROJECTS = [REPOSITORY / "pyproject.toml", *sorted(REPOSITORY.glob("plugins/*/pyproject.toml"))]

ELSEWHERE = ("gpu",)
"""Extras for other machines, which no `make` target installs."""

pytestmark = pytest.mark.repository


def project(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]


def constraints() -> dict[str, Requirement]:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_every_dependency_and_tool_is_pinned_to_a_version_that_it_allows(path):
    about, pins = project(path), constraints()
    extras = about.get("optional-dependencies", {})
    installed = [lines for extra, lines in extras.items() if extra not in ELSEWHERE]
    for requirement in map(Requirement, chain(about["dependencies"], *installed)):
        if not requirement.name.startswith("rlef-"):
            (pin,) = pins[canonicalize_name(requirement.name)].specifier
            assert pin.operator == "=="
            assert requirement.specifier.contains(pin.version), f"{requirement} does not allow {pin}"


@pytest.mark.parametrize("name", ["constraints.txt", "engine-overrides.txt"])
def test_no_pinned_version_names_a_place(name):
    assert not re.search(r"://|@|^-", (REPOSITORY / name).read_text(encoding="utf-8"), re.MULTILINE)


def test_what_the_engine_is_overridden_with_is_what_is_pinned_or_nothing():
    lines = (REPOSITORY / "engine-overrides.txt").read_text(encoding="utf-8").splitlines()
    for requirement in map(Requirement, (line for line in lines if line and not line.startswith("#"))):
        if requirement.marker is None:
            assert str(requirement) == str(constraints()[canonicalize_name(requirement.name)])
        else:
            assert not requirement.marker.evaluate({"python_version": "3.11"})
            assert requirement.name not in constraints()


def test_engines_are_set_up_where_they_are_tested_and_not_for_the_demo():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    needs = dict(re.findall(r"^(test|lint|demo): (.+)$", makefile, re.MULTILINE))
    assert needs == {"test": "lint", "lint": "setup-engines", "demo": "setup"}


def test_every_first_party_distribution_is_installed():
    script = (REPOSITORY / "tools" / "setup.sh").read_text(encoding="utf-8")
    names = re.search(r"^plugins=\((.+)\)$", script, re.MULTILINE)[1].split()
    engines = re.findall(r"-e 'plugins/([\w-]+)\[\w+\]'", script)
    assert sorted(names + engines) == [path.parent.name for path in PROJECTS[1:]]


def test_every_first_party_distribution_has_the_same_version_and_licence():
    assert len({project(path)["version"] for path in PROJECTS}) == 1
    assert {project(path)["license"] for path in PROJECTS} == {"Apache-2.0"}
    assert len({(path.parent / "LICENSE").read_bytes() for path in PROJECTS}) == 1


def test_every_system_package_has_a_check_that_passes_here():
    lines = (REPOSITORY / "system-packages.txt").read_text(encoding="utf-8").splitlines()
    packages = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    assert packages
    for check in packages.values():
        subprocess.run(["bash", "-c", check], env={**os.environ, "PYTHON": sys.executable}, check=True)


def test_a_commit_is_checked_by_the_commands_that_make_test_calls():
    hooks = YAML(typ="safe").load(REPOSITORY / ".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    commands = {hook["entry"] for repository in hooks for hook in repository["hooks"]}
    assert commands == {"make lint"}
    assert re.search(r"^test: lint$", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
