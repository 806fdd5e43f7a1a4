"""Measure policy `vllm`: beside a bare AsyncLLM, beside `transformers`, without its prefix cache; and its updates, by scheme and size."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from record import REPOSITORY, record

from rlef_torch.tiny import Recipe, tiny_base

SPEC = "docs/specs/vllm-cpu.yaml"
PAIRS = 10
RIVALS = {"bare": "bare-asyncllm", "transformers": "transformers", "uncached": "{use: vllm, prefix_caching: false}"}
SCHEMES = ("file", "gloo")
"""Beside the spec's own, `shm`."""
WIDTHS = (64, 256, 512, 1024)
"""Of the models whose updates are timed: 1 to 270 MB of float32."""


def main() -> int:
    """Measure, record everything, and return 0 if the policy is near enough to a bare AsyncLLM. An argument is the number of pairs."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    load = os.getloadavg()[0]
    beside = {name: bench("policy", pairs, "--against", rival) for name, rival in RIVALS.items()}
    updates = {str(width): updated(width, pairs) for width in WIDTHS}
    holds = all(goal["met"] for goal in beside["bare"]["goals"])
    numbers = {"load_before": round(load, 2), "pairs": pairs, "beside": beside, "updates": updates}
    path = record("vllm-speed", holds=holds, seeds=[0], numbers=numbers)
    for name, found in beside.items():
        print(name, json.dumps(found["ratios"]["vllm"]))
    for width, found in updates.items():
        print(width, json.dumps({name: {key: figures[key] for key in ("bytes", "seconds")} for name, figures in found["figures"].items()}))
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def updated(width: int, pairs: int) -> Any:
    """The bench of weights, by every scheme, on a model of four layers and so many hidden units."""
    recipe = Recipe(hidden_size=width, intermediate_size=4 * width, layers=4, heads=max(2, width // 64), steps=1, batch=1)
    rivals = [word for scheme in SCHEMES for word in ("--against", f"{{use: vllm, transfer: {scheme}}}")]
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        return bench("weights", pairs, *rivals, "--set", f"model.path={tiny_base(Path(folder), recipe=recipe)}")


def bench(what: str, pairs: int, *words: str) -> Any:
    """What `rlef-core bench` tells as JSON."""
    asked: Sequence[str] = (sys.executable, "-m", "rlef_core", "bench", what, SPEC, "--pairs", str(pairs), *words, "--json")
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(asked, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
