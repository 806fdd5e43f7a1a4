"""What a run has learnt becomes a model folder with a card that tells the truth, or nothing is written."""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rlef_core import CheckpointError, ExitCode, RunState, UsageError, export, resume, run
from rlef_core.cli import main
from rlef_core.training.card import card
from rlef_core.training.session import Session
from rlef_core.training.trained import Trained, find_trained

QUIET = Session(lambda line: None)
DAY = (
    "plugins.load=[playground, flatmates]",
    "policy={use: night}",
    "optimizer={use: day, exports: model}",
    "rollout.turn_limit=1",
    "training={updates: 3, episodes_per_collection: 1, sequences_per_update: 1, checkpoint_every: 1}",
    "tasks.evaluation={use: adding}",
    "evaluation={episodes: 2, every: 2}",
)
TINY = """\
name: "small | `run`"
run: {directory: run, seed: 5}
model: {path: "tiny:programs", max_length: 256}
tasks: {train: {use: tiny-programs}, evaluation: {use: tiny-programs}}
policy: {use: transformers}
executor: {use: unsafe-subprocess}
feedback: {use: failing-cases}
rewards: [{use: rlef}]
rollout: {concurrency: 8, sampling: {max_tokens: 24}}
optimizer: {use: ppo, learning_rate: 1e-3, warmup_updates: 0}
training: {updates: 2, episodes_per_collection: 4, sequences_per_update: 4, checkpoint_every: 1}
evaluation: {episodes: 6}
"""


@pytest.fixture
def directory(tmp_path: Path, spec_text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run of three updates, whose optimizer exports a folder with one file."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "plugins"))
    (tmp_path / "spec.yaml").write_text(spec_text)
    run(tmp_path / "spec.yaml", DAY, session=QUIET)
    return tmp_path / "run"


@pytest.fixture
def command_line() -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(main, ["runs", "export", *map(str, words)])


def front_matter(text: str) -> Mapping[str, Any]:
    _, front, _ = re.split("^---$\n", text, maxsplit=2, flags=re.MULTILINE)
    found: Mapping[str, Any] = YAML(typ="safe").load(front)
    return found


def rows(text: str) -> dict[str, list[str]]:
    """The rows of all tables by their first cell."""
    tables = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in tables}


def settings_of(text: str) -> Mapping[str, Any]:
    """What the block of settings holds, whose fence is as long as it must be."""
    block = text.split("## Settings\n\n")[1].split("\n\n## Versions", maxsplit=1)[0].splitlines()
    found: Mapping[str, Any] = YAML(typ="safe").load("\n".join(block[1:-1]))
    return found


def test_the_newest_checkpoint_of_a_run_is_exported_beside_the_others_or_where_one_says(directory: Path, command_line: Any) -> None:
    done = command_line(directory)
    assert (done.exit_code, done.output) == (0, f"{directory}/export-3\n")
    assert sorted(path.name for path in (directory / "export-3").iterdir()) == ["README.md", "weights"]
    assert (directory / "export-3" / "weights").read_text() == "of update 3"
    elsewhere = directory.parent / "models" / "mine"
    assert command_line(directory, "--to", elsewhere).output == f"{elsewhere}\n"
    assert [path.name for path in elsewhere.parent.iterdir()] == ["mine"], "something was left beside it"


def test_one_checkpoint_is_exported_with_what_was_known_then(directory: Path) -> None:
    folder = export(directory / "checkpoints" / "2")
    assert folder == directory / "export-2"
    assert (folder / "weights").read_text() == "of update 2"
    found = rows((folder / "README.md").read_text())
    assert {"`base`", "`update-2`"} <= set(found)
    assert "`trained`" not in found
    assert found["updates"][0].startswith("2 of 3")


def test_checkpoints_may_lie_on_another_disk(tmp_path: Path, directory: Path) -> None:
    (directory / "checkpoints").rename(tmp_path / "disk")
    (directory / "checkpoints").symlink_to(tmp_path / "disk")
    assert export(directory) == directory / "export-3"


def test_weights_that_were_not_measured_are_said_not_to_be(tmp_path: Path, directory: Path) -> None:
    run(tmp_path / "spec.yaml", [*DAY, f"run.directory={tmp_path / 'more'}", "evaluation.every=1", "training.updates=2"], session=QUIET)
    assert "not measured" not in (export(tmp_path / "more" / "checkpoints" / "1") / "README.md").read_text()
    path = tmp_path / "more" / "evaluations.jsonl"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"base"' in line))
    text = (export(tmp_path / "more") / "README.md").read_text()
    assert "These weights, of update 2, were not measured themselves." in text


def test_the_figures_of_the_card_are_those_of_the_summary(directory: Path) -> None:
    found = rows((export(directory) / "README.md").read_text())
    for name, entry in json.loads((directory / "summary.json").read_text()).items():
        _, rate, interval, by_turn, episodes = found[f"`{name}`"]
        low, high = entry["interval"]
        assert (rate, interval) == (f"{entry['solve_rate']:.3f}", f"{low:.3f} to {high:.3f}")
        assert (by_turn, episodes) == (" ".join(f"{each:.3f}" for each in entry["solve_rate_by_turn"]), str(entry["episodes"]))


def test_the_card_tells_the_settings_and_the_versions(directory: Path) -> None:
    text = (export(directory) / "README.md").read_text()
    found = rows(text)
    assert found["seed"] == ["3"]
    assert found["optimizer"] == ["`day`"]
    assert found["turns"] == ["at most 1"]
    plan = json.loads((directory / "plan.json").read_text())
    assert {name: found[f"`{name}`"] for name in plan["distributions"]} == {
        name: [f"`{is_}`"] for name, is_ in plan["distributions"].items()
    }
    assert settings_of(text) == {name: plan["spec"][name] for name in ("tasks", "feedback", "rewards", "rollout", "optimizer", "training")}


@settings(max_examples=25, deadline=None)
@given(name=st.text(), base=st.text(), path=st.text(), rate=st.floats(allow_nan=False), seed=st.integers())
def test_no_text_breaks_the_card(name: str, base: str, path: str, rate: float, seed: int) -> None:
    spec = {
        "name": name,
        "run": {"seed": seed, "init_from": path},
        "model": {"path": base, "max_length": 8},
        "tasks": {"train": {"use": "jsonl", "path": path}, "evaluation": None},
        "optimizer": {"use": "day", "learning_rate": rate},
        "rollout": {"turn_limit": 1},
        "training": {"updates": 3, "sequences_per_update": 1},
    }
    measured = {"name": "base", "updates": 0, "result": {"solve_rate": 0.5, "interval": [0, 1], "solve_rate_by_turn": [0.5], "episodes": 2}}
    text = card(Trained(Path("x"), RunState(updates=3), Path("x"), {"spec": spec, "distributions": {"acme": "1"}}, (measured,)))
    front = front_matter(text)
    assert front["model_name"] == name
    assert front.get("base_model") in (None, base)
    assert set(re.findall("^## .*$", text, re.MULTILINE)) == {"## Figures", "## Load it", "## Settings", "## Versions"}
    found = rows(text)
    assert (found["turns"], found["`acme`"], found["`base`"][1]) == (["at most 1"], ["`1`"], "0.500")
    assert settings_of(text) == {key: value for key, value in spec.items() if key not in ("name", "run")}


@pytest.mark.parametrize(
    ("base", "named"),
    [("meta-llama/Llama-3.1-8B-Instruct", True), ("gpt2", True), ("/models/mine", False), ("tiny:programs", False), ("a/b/c", False)],
)
def test_only_a_name_of_the_hub_is_called_the_base_in_the_front_matter(directory: Path, base: str, named: bool) -> None:
    trained = find_trained(directory)
    plan = {**trained.plan, "spec": {**trained.spec, "model": {"path": base, "max_length": 8}}}
    text = card(Trained(trained.folder, trained.state, directory, plan))
    assert front_matter(text).get("base_model") == (base if named else None)
    assert rows(text)["base model"] == [f"`{base}`"]
    assert "The run has measured nothing." in text


def test_a_place_without_a_checkpoint_is_refused(tmp_path: Path, directory: Path, command_line: Any) -> None:
    refused = command_line(tmp_path / "nowhere")
    assert refused.exit_code == ExitCode.CHECKPOINT
    assert f"error: '{tmp_path}/nowhere' holds no checkpoint, expected a run's directory or one of its checkpoints" in refused.output
    (directory / "checkpoints" / "3").rename(tmp_path / "3")
    with pytest.raises(CheckpointError, match=r"'.*/3' lies in no run: .* holds no run .*; expected it in its run's checkpoints/"):
        export(tmp_path / "3")


def test_a_run_whose_optimizer_exports_nothing_is_refused(tmp_path: Path, directory: Path) -> None:
    run(tmp_path / "spec.yaml", [f"run.directory={tmp_path / 'other'}"], session=QUIET)
    with pytest.raises(
        UsageError, match=r"optimizer 'noting' \(plugin playground, .*\) exports no model, which trained '.*/other': expected"
    ):
        export(tmp_path / "other")


def test_an_optimizer_that_is_not_there_is_named(directory: Path, command_line: Any) -> None:
    path = directory / "plan.json"
    path.write_text(path.read_text().replace('"use": "day"', '"use": "dax"'))
    refused = command_line(directory)
    assert refused.exit_code == ExitCode.PLUGIN
    assert "plan.json" in refused.output
    assert "optimizer 'dax' is unknown; did you mean 'day'?" in refused.output


def test_an_optimizer_that_did_not_save_what_it_exports_is_named(directory: Path) -> None:
    path = directory / "plan.json"
    path.write_text(path.read_text().replace('"exports": "model"', '"exports": "policy"'))
    with pytest.raises(
        CheckpointError, match=r"optimizer 'day' \(.*\) has saved no folder 'policy' in checkpoint '.*/3', expected the one"
    ):
        export(directory)


def test_what_is_there_stays_as_it_is(directory: Path) -> None:
    kept = export(directory) / "weights"
    kept.write_text("mine")
    with pytest.raises(UsageError, match=r"the folder '.*/export-3' is not empty: remove it, or choose another by --to"):
        export(directory)
    assert kept.read_text() == "mine"
    with pytest.raises(UsageError, match="is a file, expected a folder that is empty or not there"):
        export(directory, kept)
    (directory / "empty").mkdir()
    assert (export(directory, directory / "empty") / "README.md").exists()


def test_a_disk_that_fails_leaves_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"cannot export to '.*/models/mine': .*No space left on device; make room or choose"):
        export(directory, directory / "models" / "mine")
    assert list((directory / "models").iterdir()) == []


def test_a_checkpoint_that_its_run_removes_meanwhile_is_named(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copytree

    def late(source: Path, target: Path) -> None:
        (directory / "checkpoints" / "3").rename(directory / "checkpoints" / ".3.doomed")
        copy(source, target)

    monkeypatch.setattr(shutil, "copytree", late)
    with pytest.raises(CheckpointError, match=r"checkpoint '.*/3' was removed while it was copied, for its run goes on: export again"):
        export(directory)
    assert not list(directory.glob("*export*"))


def test_what_a_killed_export_left_is_cleared(directory: Path) -> None:
    (directory / ".export-3.partial").mkdir()
    (directory / ".export-3.partial" / "half").touch()
    assert not (export(directory) / "half").exists()
    assert not (directory / ".export-3.partial").exists()


def test_a_run_that_learns_on_exports_its_new_checkpoint(directory: Path) -> None:
    resume(directory, overrides=["training.updates=5"], session=QUIET)
    text = (export(directory) / "README.md").read_text()
    assert (directory / "export-5" / "weights").read_text() == "of update 5"
    assert [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| `trained`")] == ["5"]


@pytest.mark.repository
def test_the_folder_of_a_real_run_is_loaded_by_transformers_with_the_weights_of_the_checkpoint(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (tmp_path / "spec.yaml").write_text(TINY)
    summary = run(tmp_path / "spec.yaml", [f"run.directory={tmp_path / 'run'}"], session=QUIET)
    folder = export(tmp_path / "run", tmp_path / "model")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    saved = load_file(tmp_path / "run" / "checkpoints" / "2" / "optimizer" / "policy" / "model.safetensors")
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in saved.items())
    first = load_file(tmp_path / "run" / "checkpoints" / "1" / "optimizer" / "policy" / "model.safetensors")
    assert any(not torch.equal(tensor, first[name]) for name, tensor in saved.items()), "nothing was learnt, so that nothing was shown"
    ids = tokenizer.apply_chat_template([{"role": "user", "content": "go"}], add_generation_prompt=True, return_dict=False)
    assert model(torch.tensor([ids])).logits.isfinite().all()
    text = (folder / "README.md").read_text()
    assert front_matter(text)["model_name"] == "small | `run`"
    for name in ("base", "trained"):
        assert rows(text)[f"`{name}`"][1] == f"{summary[name]['solve_rate']:.3f}"
    assert rows(text)["learning rate"] == ["`0.001`"]
