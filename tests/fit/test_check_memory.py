"""`rlef-core check --memory` adds up what components tell, holds it against the devices, and says what to change."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main
from rlef_core.fit.machine import Machine, accelerators, visible
from rlef_core.records import MemoryQuestion

PLUGIN = """
import attrs
from rlef_core import MemoryUse, Offer, RlefError, component, hookimpl, setting

GB = 1_000_000_000

@attrs.frozen
class Sized:
    size: int = setting(20, help="GB")
    spill: int = setting(0, help="GB")
    ranks: int = setting(1, help="ranks")
    broken: bool = setting(False, help="whether")

def tell(role):
    def memory(config, question):
        if config.broken:
            raise RlefError("no config.json")
        lower = (f"{role}.size={config.size // 2}",) if config.size > 16 else ()
        uses = [MemoryUse(place, "weights", config.size * GB, lower) for place in question.places(config.ranks)]
        if config.spill:
            smaller = (f"{role}.spill={config.spill // 2}", f"{role}.unknown=1")
            uses += [MemoryUse(place, "passes", config.spill * GB, smaller) for place in question.places(config.ranks)]
        return uses
    return memory

def part(name, memory=None, **offer):
    return component(
        name=name, summary="local", config=Sized, build=lambda config, context: None, offers=lambda config: Offer(**offer), memory=memory
    )

@hookimpl
def rlef_register_policies():
    return [part("local-policy", tell("policy"))]

@hookimpl
def rlef_register_executors():
    return [part("local-executor", isolation=("files",))]

@hookimpl
def rlef_register_feedback_formatters():
    return [part("local-feedback")]

@hookimpl
def rlef_register_rewards():
    return [part("local-reward"), part("local-judge", tell("rewards.0"))]

@hookimpl
def rlef_register_optimizers():
    schemes = ("unchanged",)
    return [part("local-optimizer", tell("optimizer"), weight_schemes=schemes), part("local-silent", weight_schemes=schemes)]

@hookimpl
def rlef_register_tasksets():
    return [part("local-tasks")]
"""
SPEC = """\
name: local
run: {directory: runs/local}
plugins: {load: [sized_parts]}
tasks: {train: {use: local-tasks}}
policy: {use: local-policy}
executor: {use: local-executor}
feedback: {use: local-feedback}
rewards: [{use: local-reward}]
optimizer: {use: local-optimizer}
training: {updates: 1}
"""
Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """`check("policy.size=3", device="80GB")` runs the command on a spec with these changes."""
    (tmp_path / "sized_parts.py").write_text(PLUGIN)
    (tmp_path / "spec.yaml").write_text(SPEC)
    monkeypatch.syspath_prepend(tmp_path)

    def run(*changes: str, device: str | None = "80GB", host: str = "1TB", options: Sequence[str] = ()) -> Result:
        given = ["--device-memory", device] if device else []
        changed = [word for change in changes for word in ("--set", change)]
        return CliRunner().invoke(
            main, ["check", str(tmp_path / "spec.yaml"), "--memory", *given, "--host-memory", host, *changed, *options]
        )

    return run


def table(result: Result) -> list[str]:
    """The lines of the part on memory, without the blanks between columns."""
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    return lines[lines.index("memory, at its peak:") + 1 :]


def test_each_role_s_devices_have_a_table_and_those_alike_have_one_together(check: Check) -> None:
    result = check("policy.ranks=2", "optimizer.ranks=3", "devices.policy=[0,1]", "devices.optimizer=[2,3,4]", "optimizer.size=30")
    assert result.exit_code == 0, result.output
    assert table(result) == [
        "cuda:0 to cuda:1, 2 alike",
        "policy weights 20.0 GB",
        "sum 20.0 GB of 73.6 GB (80.0 GB less the reserve): 53.6 GB left",
        "cuda:2 to cuda:4, 3 alike",
        "optimizer weights 30.0 GB",
        "sum 30.0 GB of 73.6 GB (80.0 GB less the reserve): 43.6 GB left",
    ]


def test_a_device_that_both_roles_were_not_given_is_held_by_both_at_once(check: Check) -> None:
    assert table(check()) == [
        "cuda:0",
        "policy weights 20.0 GB",
        "optimizer weights 20.0 GB",
        "sum 40.0 GB of 73.6 GB (80.0 GB less the reserve): 33.6 GB left",
    ]


def test_roles_that_take_turns_hold_a_device_one_at_a_time(check: Check) -> None:
    lines = table(check("devices.policy=[0]", "devices.optimizer=[0]", "optimizer.size=70", "policy.size=60"))
    assert lines[-1] == "at most, in turn 70.0 GB of 73.6 GB (80.0 GB less the reserve): 3.6 GB left"


def test_what_takes_no_turns_holds_its_memory_beside_the_larger_of_the_two_that_do(check: Check) -> None:
    shared = ("devices.policy=[0]", "devices.optimizer=[0]", "optimizer.size=40", "policy.size=30", "rewards=[{use: local-judge}]")
    assert table(check(*shared))[-1].startswith("at most, in turn 60.0 GB of")
    other = ("devices.policy=[0]", "devices.optimizer=[0,1]", "optimizer.use=local-silent", "rewards=[{use: local-judge}]")
    assert table(check(*other))[3].startswith("sum 40.0 GB of"), "the policy and the judge, of whom nobody sleeps"


def test_without_accelerators_all_stands_in_the_host_s_memory(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    lines = table(check(device=None, host="100GB"))
    assert lines[0] == "cpu"
    assert lines[-1] == "sum 40.0 GB of 92.0 GB (100.0 GB less the reserve): 52.0 GB left"


def test_an_accelerator_that_is_not_here_has_no_known_size(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = check("devices.policy=[0]", "devices.optimizer=[1]", device=None)
    assert result.exit_code == 0
    assert table(result)[-1] == "note: the memory of these accelerators is not known here; give it by --device-memory, for example 80GB"


def test_what_suffices_alone_is_named_with_what_it_leaves(check: Check) -> None:
    result = check("optimizer.spill=60")
    assert result.exit_code == 1
    assert table(result)[-3:] == [
        "sum 100.0 GB of 73.6 GB (80.0 GB less the reserve): 26.4 GB too much",
        "it does not fit; change",
        "--set optimizer.spill=30: fits, 3.6 GB left",
    ]


def test_changes_that_suffice_only_together_are_named_together(check: Check) -> None:
    result = check("optimizer.spill=60", "policy.spill=40")
    assert result.exit_code == 1
    assert table(result)[-1] == "--set optimizer.spill=15 --set policy.spill=20 --set policy.size=10: fits, 8.6 GB left"


def test_where_nothing_suffices_the_nearest_is_named(check: Check) -> None:
    result = check("optimizer.size=600", device="16GB")
    assert result.exit_code == 1
    assert table(result)[-2].startswith("it does not fit, and no setting that was tried makes it fit: take more or larger devices")
    assert table(result)[-1].startswith("nearest: --set optimizer.size=")


def test_a_component_that_does_not_tell_is_named(check: Check) -> None:
    assert table(check("optimizer.use=local-silent"))[-1] == "note: optimizer 'local-silent' does not tell what it holds"


def test_a_component_that_cannot_tell_ends_the_command_with_its_reason(check: Check) -> None:
    result = check("policy.broken=true")
    assert result.exit_code == 4
    assert "policy 'local-policy' (plugin sized_parts, distribution unpackaged 0) failed in memory: no config.json" in result.stderr


def test_json_holds_every_use_and_the_advice(check: Check) -> None:
    found = json.loads(check("optimizer.spill=60", options=["--json"]).stdout)["memory"]
    assert found["fits"] is False
    (device,) = found["devices"]
    assert (device["device"], device["bytes"], device["capacity"]) == ("cuda:0", 100_000_000_000, 80_000_000_000)
    assert device["uses"][2] == {
        "role": "optimizer",
        "what": "passes",
        "bytes": 60_000_000_000,
        "lower": ["optimizer.spill=30", "optimizer.unknown=1"],
    }
    assert found["advice"] == [{"changes": ["optimizer.spill=30"], "fits": True, "spare": 3_600_000_000}]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--device-memory", "80GB"], "--device-memory '80GB' has no effect without --memory; give that too"),
        (["--memory", "--host-memory", "much"], "--host-memory: found 'much', expected a number of bytes such as 4096, 512MB or 1GiB"),
    ],
)
def test_sizes_without_effect_or_sense_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["check", str(tmp_path / "spec.yaml"), *options])
    assert result.exit_code == 2
    assert words in result.stderr


def test_accelerators_are_counted_among_those_visible() -> None:
    listing = "0, GPU-a, 81559\n1, GPU-b, 24576\n"
    assert visible(listing, None) == (81559 << 20, 24576 << 20)
    assert visible(listing, "1,0") == (24576 << 20, 81559 << 20)
    assert visible(listing, "GPU-b") == (24576 << 20,)
    assert visible("", None) == visible(listing, "") == ()
    assert visible("0, GPU-a, [N/A]\n1, GPU-b, 24576\n", None) == (24576 << 20,), "the first has the host's memory"


def test_advice_says_what_is_left_where_that_is_known(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    lines = table(check("devices.policy=[0]", "optimizer.size=18", device=None, host="12GB"))
    assert "note: the memory of these accelerators is not known here; give it by --device-memory, for example 80GB" in lines
    assert lines[-1] == "--set optimizer.size=9: fits, 2.0 GB left"


def test_a_driver_s_tool_that_fails_finds_no_accelerator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 0, GPU-a, 81559\nexit $FOUND\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = {}
    for code in ("0", "9"):
        monkeypatch.setenv("FOUND", code)
        found[code] = accelerators()
    assert found == {"0": (81559 << 20,), "9": ()}


def test_a_device_of_another_machine_has_a_size_only_where_one_is_assumed() -> None:
    here = Machine((8,), host=64)
    assert [here.capacity(device) for device in ("cuda:0", "cuda:1", "other/cuda:0", "other/cpu")] == [8, None, None, 64]
    assert Machine((), host=64, assumed=80).capacity("other/cuda:5") == 80
    assert Machine((8,), host=64, assumed=0).capacity("cuda:0") == 0, "it was given"


def test_processes_take_the_devices_given_in_order_and_then_again() -> None:
    assert MemoryQuestion(None, devices=("cuda:4", "cuda:6")).places(3) == ("cuda:4", "cuda:6", "cuda:4")
    assert MemoryQuestion(None, accelerated=True).places(2) == ("cuda:0", "cuda:1")
    assert MemoryQuestion(None).places(2) == ("cpu", "cpu")


def test_any_result_of_a_component_without_memory_is_unaffected(check: Any) -> None:
    result = check("optimizer.use=local-silent", options=["--json"])
    assert json.loads(result.stdout)["memory"]["untold"] == ["optimizer 'local-silent'"]
