"""Write the model card of what a run has learnt: base, tasks, settings, figures, versions, how to load it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from rlef_core.training.trained import Trained

BLOCKS = ("model", "tasks", "feedback", "rewards", "rollout", "optimizer", "training")
"""The blocks of the spec that say what was trained and how; the others say where."""
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
LOADING = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "."  # where this file is
model = AutoModelForCausalLM.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
```"""


def card(trained: Trained) -> str:
    """The text of README.md. Whatever the run was called and set to, the front matter is YAML and the rest keeps its shape."""
    return "\n\n".join(_sections(trained)) + "\n"


def _sections(trained: Trained) -> Iterator[str]:
    yield "\n".join(("---", *_front_matter(trained), "---"))
    yield f"# {_code(trained.spec['name'])}"
    yield (
        "A policy that was trained by reinforcement learning on execution feedback ([RLEF](https://arxiv.org/abs/2410.02089)) with "
        "rlef-core: it writes a program, is told what failed on public cases, and tries again."
    )
    yield _table(("", ""), _facts(trained))
    yield "## Figures"
    yield from _figures(trained)
    yield "## Load it"
    yield LOADING
    if model := trained.spec.get("model"):
        yield f"It was trained on conversations of at most {model['max_length']} tokens, in the tokenizer's own chat template."
    yield "## Settings"
    yield _fenced({block: trained.spec[block] for block in BLOCKS if trained.spec.get(block)})
    yield "## Versions"
    yield _table(("distribution", "version"), ((_code(name), _code(version)) for name, version in trained.plan["distributions"].items()))


def _front_matter(trained: Trained) -> Iterator[str]:
    base = (trained.spec.get("model") or {}).get("path", "")
    yield f"model_name: {_quoted(trained.spec['name'])}"
    if HUB_NAME.fullmatch(base):  # a folder of this machine is nobody else's base
        yield f"base_model: {_quoted(base)}"
    yield "library_name: transformers"
    yield "pipeline_tag: text-generation"
    yield "tags: [reinforcement-learning, code, rlef]"


def _facts(trained: Trained) -> Iterator[tuple[str, str]]:
    spec, state = trained.spec, trained.state
    optimizer, rollout = spec["optimizer"], spec["rollout"]
    if spec.get("model"):
        yield "base model", _code(spec["model"]["path"])
    if origin := spec["run"].get("init_from"):
        yield "began with the weights of", _code(origin)
    for entry, tasks in spec["tasks"].items():
        if tasks:
            yield f"tasks ({entry})", ", ".join(f"{key} {_code(value)}" for key, value in tasks.items() if value not in (None, {}, []))
    if rollout.get("recorded"):
        yield "learnt from the episodes of", _code(rollout["recorded"])
    yield "optimizer", _code(optimizer["use"])
    if "learning_rate" in optimizer:
        yield "learning rate", _code(optimizer["learning_rate"])
    yield "updates", f"{state.updates} of {spec['training']['updates']}, of {spec['training']['sequences_per_update']} sequences each"
    yield "episodes", f"{state.episodes}, and {state.faults} lost to faults; {state.tokens} tokens sampled"
    yield "turns", f"at most {rollout['turn_limit']}"
    yield "seed", str(spec["run"]["seed"])


def _figures(trained: Trained) -> Iterator[str]:
    if not trained.evaluations:
        yield "The run has measured nothing."
        return
    header = ("evaluation", "after updates", "solve rate", "95 % interval", "by turn", "episodes")
    yield _table(header, map(_measured, trained.evaluations))
    if all(each["updates"] != trained.state.updates for each in trained.evaluations):
        yield f"These weights, of update {trained.state.updates}, were not measured themselves."
    for name, bound in trained.bounds.items():
        yield f"- {name.replace('_', ' ')}: {bound:.3f}"


def _measured(evaluation: Mapping[str, Any]) -> Sequence[str]:
    result = evaluation["result"]
    low, high = result["interval"]
    by_turn = " ".join(f"{rate:.3f}" for rate in result["solve_rate_by_turn"])
    figures = (f"{result['solve_rate']:.3f}", f"{low:.3f} to {high:.3f}", by_turn, str(result["episodes"]))
    return (_code(evaluation["name"]), str(evaluation["updates"]), *figures)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def _code(value: Any) -> str:
    """A value as a code span on one line, whatever is in it, also in a table."""
    text = " ".join(str(value).split()) or " "
    ticks = "`" * (_longest_run(text) + 1)
    room = " " if len(ticks) > 1 else ""
    return f"{ticks}{room}{text}{room}{ticks}".replace("|", "\\|")


def _quoted(text: str) -> str:
    """A string that every version of YAML reads as that string."""
    return re.sub(r"[^ -~]", lambda odd: f"\\U{ord(odd[0]):08x}", json.dumps(text, ensure_ascii=False))


def _fenced(data: Mapping[str, Any]) -> str:
    text = _yaml(data)
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}yaml\n{text}{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _yaml(data: Mapping[str, Any]) -> str:
    writer, text = YAML(typ="safe", pure=True), StringIO()
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel declares None
    writer.width, writer.allow_unicode = 1000, False  # some of Unicode breaks lines
    writer.dump(data, text)
    return text.getvalue()
