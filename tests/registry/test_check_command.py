"""A broken plugin and `check` of a spec: named always, fatal only to a spec that uses it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main

Installed = Callable[..., Path]

SPEC = """
name: greeting
run: {directory: runs/greeting}
plugins: {block: PLACE_OF_STRANGERS}
tasks:
  train: {use: queue, steps: 3}
policy: {use: greeter}
executor: {use: EXECUTOR}
feedback: {use: greeter}
rewards: [{use: rlef}]
optimizer: {use: dry-run}
training: {updates: 1}
"""


@pytest.fixture
def check(tmp_path: Path, strangers: Callable[[], list[str]]) -> Callable[..., Result]:
    """`check(executor)` runs the command on a spec with this executor."""

    def run(executor: str, *arguments: str) -> Result:
        spec = tmp_path / "spec.yaml"
        spec.write_text(SPEC.replace("EXECUTOR", executor).replace("PLACE_OF_STRANGERS", str(strangers())))
        return CliRunner().invoke(main, ["check", str(spec), *arguments])

    return run


def test_a_spec_that_uses_no_broken_plugin_is_right_and_each_broken_one_is_named(
    installed: Installed, check: Callable[..., Result]
) -> None:
    installed("rlef-greeter", "rlef-quitter", "rlef-from-the-future")
    result = check("greenhouse")
    assert result.exit_code == 0, result.output
    assert "warning: plugin 'quitter' (distribution rlef-quitter 0.1.0) is broken: " in result.stderr
    assert "warning: plugin 'from-the-future' (distribution rlef-from-the-future 3.0.0) is incompatible: " in result.stderr


def test_a_spec_that_uses_what_a_broken_plugin_might_have_offered_exits_3_and_names_it(
    installed: Installed, check: Callable[..., Result]
) -> None:
    installed("rlef-greeter", "rlef-quitter")
    result = check("cellar")
    assert result.exit_code == 3
    assert "executor 'cellar' is unknown" in result.stderr
    assert "plugin 'quitter' (distribution rlef-quitter 0.1.0) is broken" in result.stderr


def test_a_spec_that_uses_a_conflicting_name_exits_3_and_the_way_out_leads_out(installed: Installed, check: Callable[..., Result]) -> None:
    installed("rlef-greeter", "rlef-jail-one", "rlef-jail-two")
    assert check("jail-one").exit_code == 0
    result = check("jail")
    assert result.exit_code == 3
    assert "(--no-plugin rlef-jail-two)" in result.stderr
    assert check("jail", "--no-plugin", "rlef-jail-two").exit_code == 0


def test_leaving_out_what_is_not_installed_exits_3(installed: Installed, check: Callable[..., Result]) -> None:
    installed("rlef-greeter")
    assert check("greenhouse", "--no-plugin", "greenhaus").exit_code == 3
