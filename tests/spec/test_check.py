"""`rlef-core check` on a spec whose parts all come from one local module."""

import json
from pathlib import Path
from typing import Any

PAGE = """\
local: the spec is right (paths and models were not opened); a run writes to runs/local
  tasks.train  local-tasks  (unpackaged 0)
  policy       local-policy  (unpackaged 0)
  executor     local-executor  (unpackaged 0)
  feedback     local-feedback  (unpackaged 0)
  rewards.0    local-reward  (unpackaged 0)
  optimizer    local-optimizer  (unpackaged 0)
  isolation: files
  weight scheme: unchanged
  does not work: compiler (local_parts): not on PATH; install gcc
  note: feedback 'local-feedback': it says little
"""


def test_a_good_spec_shows_its_plan(local: Path, command_line: Any) -> None:
    result = command_line("check", str(local))
    assert result.exit_code == 0, result.output
    assert result.stdout == PAGE


def test_json_holds_the_plan_and_where_each_component_comes_from(local: Path, command_line: Any) -> None:
    result = command_line("check", str(local), "--json", "--set", "training.updates=8")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["spec"]["training"]["updates"] == 8
    assert found["components"]["policy"]["plugin"] == "local_parts"
    assert [finding["name"] for finding in found["health"]] == ["compiler", "disk"]
    assert len(found["digest"]) == 64


def test_a_bad_spec_shows_all_faults_and_exits_with_2(local: Path, command_line: Any) -> None:
    result = command_line("check", str(local), "--set", "training.updates=0", "--set", "rolout.turn_limit=1")
    assert result.exit_code == 2
    assert "--set training.updates: updates is 0, expected a number above 0" in result.stderr
    assert "--set rolout.turn_limit: unknown key 'rolout'; did you mean 'rollout'?" in result.stderr
    assert result.stdout == ""


def test_an_unknown_component_exits_with_3(local: Path, command_line: Any) -> None:
    result = command_line("check", str(local), "--set", "policy.use=local-polcy")
    assert result.exit_code == 3
    assert "policy 'local-polcy' is unknown; did you mean 'local-policy'" in result.stderr


def test_a_plugin_left_out_is_named_where_its_component_is_missed(local: Path, command_line: Any) -> None:
    result = command_line("check", str(local), "--no-plugin", "builtin", "--set", "policy.use=scripted")
    assert result.exit_code == 3
    assert "took no part and might have offered it: plugin 'builtin'" in result.stderr


def test_a_broken_plugin_that_the_spec_does_not_use_is_a_warning(local: Path, command_line: Any) -> None:
    dist = local.parent / "sorry-1.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: sorry\nVersion: 1.0\n")
    (dist / "entry_points.txt").write_text("[rlef]\nsorry = sorry_plugin\n")
    (local.parent / "sorry_plugin.py").write_text("raise RuntimeError('out of order')\n")
    result = command_line("check", str(local))
    assert result.exit_code == 0, result.output
    (warning,) = [line for line in result.stderr.splitlines() if "sorry" in line]
    assert warning.startswith("warning: plugin 'sorry' (distribution sorry 1.0) is broken:")
    assert "out of order" in warning


def test_a_missing_file_exits_with_2(tmp_path: Path, command_line: Any) -> None:
    result = command_line("check", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "none.yaml: cannot be read (no such file or directory), expected a YAML file" in result.stderr
