"""One of two ranks that learn, are saved, and go on: `python two_ranks.py DIRECTORY`, started with RANK and the like in the environment.

The directory holds `plan.pt`: recipes by name, and a collection. Rank 0 leaves `results.pt`: weights by recipe's name and moment.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from rlef_core import TrainingDiverged
from rlef_deepspeed.rank import Rank
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.testing import weights


def lived(directory: Path, name: str, rank: Rank, plan: Any) -> dict[str, Any]:
    """Learn twice and save; learn once more; do so again from the checkpoint, and from that of one rank; then diverge."""
    for seed in (0, 1):
        report = rank.learn(plan["collection"], seed, 0)
    folder = directory / name
    folder.mkdir(exist_ok=True)
    rank.save(folder, 2)
    rank.learn(plan["collection"], 2, 2)
    results: dict[str, Any] = {"metrics": dict(report.metrics), "after": weights(rank)}
    assert rank.restore(folder) == 2
    rank.learn(plan["collection"], 2, 2)
    results["resumed"] = weights(rank)
    rank.restore(directory / "alone")
    rank.learn(plan["collection"], 2, 2)
    results["from one rank"] = weights(rank)
    results["published"] = {key: tensor.clone() for key, tensor in rank.parameters().tensors()}
    try:
        rank.learn(plan["poisoned"], 3, 3)
    except TrainingDiverged as error:
        results["diverged"] = str(error), weights(rank)
    return results


def main() -> None:
    directory, number = Path(sys.argv[1]), int(os.environ["RANK"])
    dist.init_process_group("gloo", timeout=timedelta(seconds=60))
    plan = torch.load(directory / "plan.pt", weights_only=False)
    results = {}
    for name, recipe in plan["recipes"].items():
        rank = Rank(Recipe.from_json(recipe), number, 2, number)
        results[name] = lived(directory, name, rank, plan)
        rank.close()
    if number == 0:
        torch.save(results, directory / "results.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
