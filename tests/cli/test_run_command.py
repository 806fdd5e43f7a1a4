"""`rlef-core run`, as it talks."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from rlef_core.cli import main

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.repository
def test_what_the_executor_does_not_isolate_is_told_once(tmp_path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    done = CliRunner().invoke(main, ["run", "docs/specs/dry-run.yaml", "--set", f"run.directory={tmp_path / 'run'}"])
    assert done.exit_code == 0, done.output
    assert done.stderr.count("isolates nothing") == 1
