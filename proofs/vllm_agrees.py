"""Show that greedy episodes of `vllm` are those of `transformers`, one line of the spec apart, but where two logits are all but equal."""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from record import REPOSITORY, record
from running import run_in
from transformers import AutoModelForCausalLM, PreTrainedModel

from rlef_core import Episode
from rlef_core.training.journal import read_episodes

SPEC = REPOSITORY / "docs" / "specs" / "vllm-cpu.yaml"
OTHER = "policy: {use: transformers}"
EPISODES = 600
LONG = 300
"""Episodes of three turns that the base must play."""
AGREE = 0.99
NEAR = 1e-3
"""How far apart the two best logits may be where two episodes part."""
ALONE = ("tasks={train: {use: tiny-programs}}", "evaluation=null")
GREEDY = (
    *ALONE,
    "optimizer={use: dry-run}",
    "rollout.sampling.temperature=0",
    f"training={{updates: 1, episodes_per_collection: {EPISODES}, sequences_per_update: {EPISODES}}}",
)


@frozen
class Parting:
    """Where two episodes of one task part: the ids before, and what follows in either; `sampled` unless they were shown other messages."""

    before: tuple[int, ...]
    after: tuple[tuple[int, ...], tuple[int, ...]]
    sampled: bool


def main() -> int:
    """Play greedily with both policies, before and after training; record it, and return 0 if they agree."""
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as name:
        folder = Path(name)
        specs = {"vllm": SPEC, "transformers": swapped(SPEC, folder / "transformers.yaml")}
        run_in(folder / "training", str(specs["transformers"]), *ALONE, "training.keep_checkpoints=100")
        checkpoints = sorted((folder / "training" / "checkpoints").iterdir(), key=lambda path: int(path.name))
        models = {"base": checkpoints[0] / "optimizer" / "policy", "trained": checkpoints[-1] / "optimizer" / "policy"}
        numbers = {which: compared(specs, model, folder / which) for which, model in models.items()}
    held = bounds(numbers)
    path = record("vllm-agrees", holds=all(held.values()), seeds=[0], numbers={"bounds": held, "near": NEAR, **numbers})
    print(f"{'holds' if all(held.values()) else f'does not hold: {held}'}: {path.relative_to(REPOSITORY)}")
    return 0 if all(held.values()) else 1


def swapped(spec: Path, to: Path) -> Path:
    """Write the spec with its `policy:` line replaced, and nothing else. Raises ValueError where it has not just one."""
    lines = spec.read_text(encoding="utf-8").splitlines()
    policies = [number for number, line in enumerate(lines) if line.startswith("policy:")]
    if len(policies) != 1 or not lines[policies[0]].startswith("policy: {use: vllm,"):
        raise ValueError(f"{spec} has its policy at lines {policies}, expected one line that begins with 'policy: {{use: vllm,'")
    lines[policies[0]] = OTHER
    to.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return to


def compared(specs: Mapping[str, Path], model: Path, folder: Path) -> dict[str, Any]:
    """One model's greedy episodes with both policies: how many agree, and what the model says where the others part."""
    played = {}
    for policy, spec in specs.items():
        run_in(folder / policy, str(spec), *GREEDY, f"model.path={model}")
        played[policy] = {episode.id: episode for episode in read_episodes(folder / policy)}
    ours, theirs = played["vllm"], played["transformers"]
    forward = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    both = sorted(ours.keys() & theirs.keys())
    parted = [parting for id in both if (parting := part(ours[id], theirs[id])) is not None]
    return {
        "episodes": len(both),
        "without a pair": len(ours.keys() ^ theirs.keys()),
        "of three turns": sum(len(theirs[id].turns) == 3 for id in both),
        "solved": {policy: sum(episode.solved for episode in episodes.values()) for policy, episodes in played.items()},
        "tokens": sum(len(turn.action.ids) for episode in theirs.values() for turn in episode.turns),
        "parted": [said(forward, each) for each in parted],
    }


def part(ours: Episode, theirs: Episode) -> Parting | None:
    """Where two episodes first differ; None where they do not."""
    first, second = whole(ours), whole(theirs)
    if first == second:
        return None
    place = next((at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), min(len(first), len(second)))
    sampled = any(0 <= place - len(turn.action.prompt_ids) < len(turn.action.ids) for turn in theirs.turns)
    return Parting(first[:place], (first[place:], second[place:]), sampled)


def whole(episode: Episode) -> tuple[int, ...]:
    """All ids of an episode: the last turn's prompt holds those before it."""
    last = episode.turns[-1].action
    return last.prompt_ids + last.ids


@torch.no_grad()
def said(forward: PreTrainedModel, parting: Parting) -> dict[str, Any]:
    """What the model says of a parting, by one forward pass: how far apart its two best logits are, and whether these two were taken."""
    best = forward(torch.tensor([parting.before])).logits[0, -1].topk(2)
    taken = {id for ids in parting.after for id in ids[:1]} == set(best.indices.tolist())
    return {"at": len(parting.before), "gap": float(best.values[0] - best.values[1]), "sampled": parting.sampled, "both best": taken}


def bounds(numbers: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """What agreement means."""
    partings = [parting for found in numbers.values() for parting in found["parted"]]
    return {
        "every episode has its pair": all(found["episodes"] == EPISODES and not found["without a pair"] for found in numbers.values()),
        f"at least {LONG} episodes of three turns": numbers["base"]["of three turns"] >= LONG,
        f"at least {AGREE:.0%} agree": all(len(found["parted"]) <= (1 - AGREE) * found["episodes"] for found in numbers.values()),
        f"where they part, the two best logits are within {NEAR:g}": all(
            each["sampled"] and each["both best"] and each["gap"] < NEAR for each in partings
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
