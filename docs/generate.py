"""Write docs/reference/ from the code: `python docs/generate.py`, or `make docs`. A test compares the pages with the code."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import attrs
import click

from rlef_core import errors, goals, hookspecs, records, roles
from rlef_core.cli import main
from rlef_core.metrics import CORE_METRICS, Metric
from rlef_core.records import Language
from rlef_core.registry import Offered, Registry, SettingInfo, discover, settings_of
from rlef_core.spec.blocks import SpecBlock, TasksRef

REFERENCE = Path(__file__).parent / "reference"
GENERATED = "<!-- Written by docs/generate.py from the code; `make docs` writes it anew. -->\n"


def pages() -> Mapping[str, str]:
    """Every page of the reference by its file name."""
    registry = discover()
    writers: Mapping[str, Callable[[], Iterable[str]]] = {
        "hooks.md": hooks_page,
        "roles.md": roles_page,
        "records.md": records_page,
        "spec.md": spec_page,
        "commands.md": commands_page,
        "metrics.md": lambda: metrics_page(registry),
        "components.md": lambda: components_page(registry),
        "errors.md": errors_page,
    }
    return {name: GENERATED + "\n" + "\n\n".join(writer()) + "\n" for name, writer in writers.items()}


def hooks_page() -> Iterator[str]:
    """Each hook with its arguments, promise and example."""
    yield "# Hooks"
    yield inspect.getdoc(hookspecs) or ""
    for name, hook in vars(hookspecs).items():
        if name.startswith("rlef_"):
            promise, _, example = (inspect.getdoc(hook) or "").partition("\n\nExample:\n")
            yield f"## {name}"
            yield f"`{name}({', '.join(inspect.signature(hook).parameters)})`"
            yield promise
            yield inspect.cleandoc(example)


def roles_page() -> Iterator[str]:
    """Each role with its methods, and what components are made with."""
    yield "# Roles"
    yield f"{inspect.getdoc(roles)} A role's word in specs, errors and commands stands in brackets."
    words = {role: word for word, role in roles.ROLES.items()}
    kinds = (*roles.ROLES.values(), roles.Conversation, roles.BoundedTaskset, roles.Context, roles.MetricSink)
    for kind in kinds:
        yield f"## {kind.__name__}" + (f" (`{words[kind]}`)" if kind in words else "")
        yield inspect.getdoc(kind) or ""
        yield "\n".join(methods(kind))
    yield "## component"
    yield f"`component{parameters(roles.component)}`"
    yield inspect.getdoc(roles.component) or ""
    for record in (roles.Offer, roles.Health, roles.Ref, goals.Benchmark, goals.Goal):
        yield from record_section(record)


def methods(kind: type) -> Iterator[str]:
    """A line for each public method or property."""
    for name, member in vars(kind).items():
        function = member.fget if isinstance(member, property) else member
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        call = name if isinstance(member, property) else f"{name}{parameters(function)}"
        promise = " ".join((inspect.getdoc(function) or "").split())
        yield f"- `{'async ' * inspect.iscoroutinefunction(function)}{call}`" + (f": {promise}" if promise else "")


def parameters(function: Callable[..., Any]) -> str:
    """The names of a function's parameters."""
    return f"({', '.join(name for name in inspect.signature(function).parameters if name != 'self')})"


def records_page() -> Iterator[str]:
    """Each record with its fields."""
    yield "# Records"
    yield inspect.getdoc(records) or ""
    for name in records.__all__:
        kind = getattr(records, name)
        if inspect.isclass(kind) and (attrs.has(kind) or issubclass(kind, Enum)):
            yield from record_section(kind)


def record_section(kind: type) -> Iterator[str]:
    """A record's promise, fields and properties."""
    yield f"## {kind.__name__}"
    yield inspect.getdoc(kind) or ""
    if issubclass(kind, Enum):
        yield ", ".join(f"`{member.value}`" for member in kind)
        return
    yield table(("field", "type", "default"), ((f"`{s.name}`", f"`{s.type}`", usual(s)) for s in settings_of(kind) if "." not in s.name))
    if lines := list(methods(kind)):
        yield "\n".join(lines)


def spec_page() -> Iterator[str]:
    """Every key that is the core's."""
    yield "# Spec keys"
    yield (
        "A `use:` block names a component; its other keys are that component's settings ([components](components.md)). "
        "Any key can be set on the command line: `--set rollout.turn_limit=1`."
    )
    for field in attrs.fields(SpecBlock):
        yield f"## {field.name}"
        yield sentence(field.metadata["help"])
        for block in classes_in(field.type):
            settings = settings_of(block, f"{field.name}.", resumable=bool(field.metadata.get("resumable")))
            yield settings_table(setting for setting in settings if not setting.name.endswith(".ref"))
    yield "## An entry of tasks"
    yield inspect.getdoc(TasksRef) or ""
    yield settings_table(setting for setting in settings_of(TasksRef) if setting.name != "ref")


def classes_in(kind: Any) -> list[type]:
    """The block's class in `Block` or `Block | None`; none for a component or a plain value."""
    return [part for part in (kind, *get_args(kind)) if inspect.isclass(part) and attrs.has(part)]


def commands_page() -> Iterator[str]:
    """The help of every command, as the command prints it."""
    yield "# Commands"
    yield from command_sections(main, click.Context(main, info_name="rlef-core", terminal_width=100, **main.context_settings))


def command_sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """The help of a command, then of those below it."""
    yield f"## {context.command_path}"
    yield f"```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from command_sections(below, click.Context(below, info_name=name, parent=context, terminal_width=100))


def metrics_page(registry: Registry) -> Iterator[str]:
    """Every metric of the core and of each component."""
    yield "# Metrics"
    yield "What a line of `metrics.jsonl` holds for a collection. Those marked as a sum are added up over it, the others averaged."
    yield "## The core's"
    yield metrics_table(CORE_METRICS)
    for offered in in_order(registry.offered):
        if offered.component.metrics:
            yield f"## {offered.origin.role} {offered.component.name}"
            yield metrics_table(offered.component.metrics)


def components_page(registry: Registry) -> Iterator[str]:
    """Every component of the first-party distributions, by role, the models that they make, and the languages."""
    yield "# Components"
    yield "What the first-party distributions offer. `rlef-core plugins show NAME` prints the same for whatever is installed."
    for role in roles.ROLES:
        yield f"## {role}"
        for offered in in_order(registry.offered):
            if offered.origin.role == role:
                yield from component_section(offered)
    yield "## model"
    yield "What `model.path` can name besides folders and hub names: models that are made on first use."
    models = (([f"`{each.model.name}`", sentence(each.model.summary), each.origin.distribution]) for each in registry.offered_models)
    yield table(("name", "what", "made by"), models)
    yield "## language"
    yield table(("name", "source", "run", "fences"), (language_row(each.language) for each in registry.offered_languages))


def component_section(offered: Offered) -> Iterator[str]:
    """A component's summary, where it comes from, and its settings."""
    component, origin = offered.component, offered.origin
    yield f"### {component.name}"
    yield f"{sentence(component.summary)} (plugin `{origin.plugin}` of {origin.distribution})"
    settings = list(settings_of(component.config))
    yield settings_table(settings) if settings else "Nothing to set."


def language_row(language: Language) -> Sequence[str]:
    """A language as a row."""
    return (f"`{language.name}`", f"`{language.source_name}`", f"`{' '.join(language.run)}`", ", ".join(language.fences))


def errors_page() -> Iterator[str]:
    """The exit codes, and the tree of errors with the code of each."""
    yield "# Errors and exit codes"
    yield "An error is one line: what was found, where, what was expected, what to do. Faults of a spec come all at once."
    codes = re.search(r"Exit codes: (.+?)\.", inspect.getdoc(main.callback) or "", re.DOTALL)
    assert codes is not None, "the help of rlef-core tells no exit codes"
    yield table(("exit code", "means"), (code.split(" ", 1) for code in " ".join(codes[1].split()).split("; ")))
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.RlefError)]
    yield table(("error", "exit code", "when"), ((f"`{k.__name__}`", str(int(k.exit_code)), first_paragraph(k)) for k in kinds))


def settings_table(settings: Iterable[SettingInfo]) -> str:
    """Settings as rows: key, type, default, help with the unit."""
    return table(("key", "type", "default", "what"), ((f"`{s.name}`", f"`{s.type}`", usual(s), s.help + s.remark) for s in settings))


def metrics_table(metrics: Iterable[Metric]) -> str:
    """Metrics as rows."""
    return table(("metric", "unit", "what"), ((f"`{m.name}`", m.unit, m.summary + (" (sum)" if m.total else "")) for m in metrics))


def usual(setting: SettingInfo) -> str:
    """The default as a spec writes it."""
    return "required" if setting.default is None else f"`{setting.default}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def in_order(offered: Iterable[Offered]) -> list[Offered]:
    """Those of first-party distributions, by role and name."""
    first_party = ("rlef-core", "rlef-openai", "rlef-torch", "rlef-trackers", "rlef-vllm")
    mine = [each for each in offered if each.origin.distribution in first_party]
    return sorted(mine, key=lambda each: (list(roles.ROLES).index(each.origin.role), each.component.name))


def sentence(text: str) -> str:
    """A help text or summary as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def first_paragraph(thing: Any) -> str:
    """The start of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n\n")[0]


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for file, text in pages().items():
        (REFERENCE / file).write_text(text, encoding="utf-8")
