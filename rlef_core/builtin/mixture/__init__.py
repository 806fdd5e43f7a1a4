"""Taskset `mixture`: several tasksets, each with its share of what is played.

    tasks:
      train:
        use: mixture
        parts:
          - {taskset: {use: jsonl, path: hard.jsonl}, weight: 2}
          - {taskset: {use: tiny-programs}, split: base}

An epoch holds every task of every part at least once; where a part has too few for its share, its tasks stand there again. A task is called
`PART/ID`, so that equal ids of two parts stay apart.
"""

from collections import Counter
from typing import Any

import attrs
from attrs import frozen

from rlef_core import Component, Context, Ref, Taskset, component, positive, setting
from rlef_core.builtin.mixture.taskset import MixtureTasks, Part


def _word(_: Any, attribute: "attrs.Attribute[Any]", value: str) -> None:
    if "/" in value:
        raise ValueError(f"{attribute.name} is {value!r}, expected a name without '/', which stands between it and a task's id")


@frozen
class PartConfig:
    """One part of a mixture."""

    taskset: Ref[Taskset] = setting(help="where its tasks come from")
    split: str = setting("", help="the split it is drawn from; the one that is asked for unless set")
    weight: float = setting(1.0, help="its share of the tasks played, relative to the other parts' weights", validator=positive)
    name: str = setting("", help="what its tasks' ids begin with; the taskset's name unless set", validator=_word)


def _parts(_: Any, attribute: "attrs.Attribute[Any]", value: tuple[PartConfig, ...]) -> None:
    if not value:
        raise ValueError(f"{attribute.name} is empty, expected at least one with a 'taskset'")
    name, count = Counter(_name(part) for part in value).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{attribute.name} are called {name!r} {count} times, expected different ones: give each a 'name'")


@frozen
class MixtureConfig:
    """Settings of `mixture`."""

    parts: tuple[PartConfig, ...] = setting(
        help="the tasksets, a list of `taskset`, `split`, `weight` and `name`; only the first must be given", validator=_parts
    )


def _name(part: PartConfig) -> str:
    return part.name or part.taskset.use


def build(config: MixtureConfig, context: Context) -> Taskset:
    """The taskset, with each of its parts."""
    return MixtureTasks(
        {_name(part): Part(context.build(part.taskset), part.taskset.origin, part.split, part.weight) for part in config.parts}
    )


COMPONENT: Component[Taskset] = component(
    name="mixture", summary="several tasksets, each with its share of what is played", config=MixtureConfig, build=build
)
