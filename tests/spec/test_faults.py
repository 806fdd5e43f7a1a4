"""What a wrong spec shows: golden texts."""

from typing import Any

import attrs
import pytest

from rlef_core.errors import ExitCode, SpecError
from rlef_core.settings import setting

EVERYTHING_WRONG = """\
name: 3
run: {directry: runs/x}
tasks:
  train: {use: sumz, split: 4}
  evaluation: {use: sums, splt: valid}
policy: talker
executor: {use: jail, depth: 0}
feedback: {template: hi}
rewards: [{use: solved, weight: a}, {use: short, wait: 1}]
optimizer:
  use: stepper
  lr: 1
  mode: fats
  level: hihg
  colour: green
  memory: 12QB
  inner: {use: jial}
  inners: [{use: jail, depth: x}]
  nested: {widht: 1}
  pair: [1]
trainig: {updates: 1}
training: {updates: 1.5, checkpoint_every: -1}
"""

SHOWN = """\
good.yaml:1:7: found 3, expected text
    name: 3
          ^
good.yaml:2:1: lacks 'directory' (the run's directory; made when it is not there)
    run: {directry: runs/x}
    ^
good.yaml:2:7: unknown key 'directry'; did you mean 'directory'?
    run: {directry: runs/x}
          ^
good.yaml:4:16: taskset 'sumz' is unknown; did you mean 'sums'?; installed for taskset: 'sums'; correct the name, or install or mend \
the plugin that offers it (`rlef-core plugins list` shows all)
      train: {use: sumz, split: 4}
                   ^
good.yaml:4:29: found 4, expected text
      train: {use: sumz, split: 4}
                                ^
good.yaml:5:27: unknown key 'splt'; did you mean 'split'?
      evaluation: {use: sums, splt: valid}
                              ^
good.yaml:6:9: found 'talker', expected a mapping with 'use:' (write {use: talker})
    policy: talker
            ^
good.yaml:7:30: depth is 0, expected a number above 0
    executor: {use: jail, depth: 0}
                                 ^
good.yaml:8:1: lacks 'use', expected the feedback's name: 'plain' or 'silent'
    feedback: {template: hi}
    ^
good.yaml:9:33: found 'a', expected a number
    rewards: [{use: solved, weight: a}, {use: short, wait: 1}]
                                    ^
good.yaml:9:50: unknown key 'wait'; did you mean 'weight'?
    rewards: [{use: solved, weight: a}, {use: short, wait: 1}]
                                                     ^
good.yaml:12:3: 'lr' is now called 'rate'
      lr: 1
      ^
good.yaml:13:9: mode is 'fats', expected one of 'fast', 'slow'; did you mean 'fast'?
      mode: fats
            ^
good.yaml:14:10: found 'hihg', expected 'low' or 'high'; did you mean 'high'?
      level: hihg
             ^
good.yaml:15:11: found 'green', expected 'red' or 'blue'
      colour: green
              ^
good.yaml:16:11: found '12QB', expected a number of bytes such as 4096, 512MB or 1GiB
      memory: 12QB
              ^
good.yaml:17:16: executor 'jial' is unknown; did you mean 'jail'?; installed for executor: 'jail'; correct the name, or install or mend \
the plugin that offers it (`rlef-core plugins list` shows all)
      inner: {use: jial}
                   ^
good.yaml:18:31: found 'x', expected a whole number
      inners: [{use: jail, depth: x}]
                                  ^
good.yaml:19:3: lacks 'width' (how wide)
      nested: {widht: 1}
      ^
good.yaml:19:12: unknown key 'widht'; did you mean 'width'?
      nested: {widht: 1}
               ^
good.yaml:20:9: found a list of 1, expected 2 items
      pair: [1]
            ^
good.yaml:21:1: unknown key 'trainig'; did you mean 'training'?
    trainig: {updates: 1}
    ^
good.yaml:22:21: found 1.5, expected a whole number
    training: {updates: 1.5, checkpoint_every: -1}
                        ^
good.yaml:22:44: checkpoint_every is -1, expected a number above 0
    training: {updates: 1.5, checkpoint_every: -1}
                                               ^"""


def test_every_fault_is_shown_at_once_in_order_with_its_place(bench: Any) -> None:
    assert bench.shown(EVERYTHING_WRONG) == SHOWN


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("rate: '1e-7'", "found '1e-7', expected a number"),
        ("rate: .nan", "found nan, expected a number"),
        ("rate: true", "found True, expected a number"),
        ("flag: no", "found 'no', expected true or false"),
        ("flag: 0", "found 0, expected true or false"),
        ("memory: 1.5", "found 1.5, expected a number of bytes such as 4096, 512MB or 1GiB"),
        ("memory: true", "found True, expected a number of bytes such as 4096, 512MB or 1GiB"),
        ("folder: 3", "found 3, expected a path"),
        ("folder: ''", "found '', expected a path"),
        ("words: word", "found 'word', expected a list"),
        ("words: {a: b}", "found a mapping, expected a list"),
        ("words: ", "found nothing, expected a list"),
        ("words: [a, 3]", "found 3, expected text"),
        ("pair: [a, 1]", "found 'a', expected a whole number"),
        ("options: [1]", "found a list, expected a mapping"),
        ("options: {a: b}", "found 'b', expected a whole number"),
        ("nested: 3", "found 3, expected a mapping"),
        ("either: 1.5", "found 1.5, expected a whole number or text"),
        ("mode: 3", "found 3, expected text"),
        ("level: true", "found True, expected 'low' or 'high'"),
        ("inner: 3", "found 3, expected a mapping with 'use:'"),
        ("inner: {use: [jail]}", "found a list, expected the executor's name: 'jail'"),
    ],
)
def test_nothing_is_coerced(bench: Any, setting: str, message: str) -> None:
    text = bench.swap("rate: 2e-7", setting)
    assert message in {fault.message for fault in bench.faults(text)}


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("rate: 1", "rate", 1.0),
        ("memory: 512MB", "memory", 512_000_000),
        ("memory: 1.5 GiB", "memory", 1_610_612_736),
        ("memory: 10", "memory", 10),
        ("colour: blue", "colour.value", "blue"),
        ("level: high", "level", "high"),
        ("words: [a, 'no', no]", "words", ("a", "no", "no")),
        ("pair: [2, b]", "pair", (2, "b")),
        ("options: {a: 1}", "options", {"a": 1}),
        ("nested: {width: 2}", "nested.width", 2),
        ("nested: ", "nested", None),
        ("either: a", "either", "a"),
        ("folder: some/where", "folder.parts", ("some", "where")),
        ("inner: {use: jail, depth: 3}", "inner.config.depth", 3),
        ("inner: {use: jail}", "inner.origin.distribution", "acme-parts"),
    ],
)
def test_a_right_value_arrives_as_its_type(bench: Any, setting: str, name: str, value: object) -> None:
    found = bench.plan(bench.swap("rate: 2e-7", setting)).optimizer.config
    for word in name.split("."):
        found = getattr(found, word)
    assert (type(found), found) == (type(value), value)


def test_absent_blocks_show_the_installed_choices(bench: Any) -> None:
    assert bench.shown("name: x\n") == (
        "good.yaml: no 'tasks' block, expected an entry 'train' with 'use:' one of the installed: 'sums'\n"
        "good.yaml: no 'policy' block, expected 'use:' one of the installed: 'talker'\n"
        "good.yaml: no 'feedback' block, expected 'use:' one of the installed: 'plain' or 'silent'\n"
        "good.yaml: no 'rewards' block, expected 'use:' one of the installed: 'short' or 'solved'\n"
        "good.yaml: no 'optimizer' block, expected 'use:' one of the installed: 'stepper'\n"
        "good.yaml: no 'run' block, expected the run's 'directory'\n"
        "good.yaml: no 'training' block, expected the number of 'updates'"
    )


def test_empty_blocks_are_absent_blocks_with_a_place(bench: Any) -> None:
    assert "good.yaml:7:1: no 'policy' block" in bench.shown(bench.swap("policy: {use: talker}", "policy:"))
    assert "found an empty list, expected at least one reward" in bench.shown(bench.swap("[{use: solved}]", "[]"))


def test_only_faults_of_plugins_exit_with_the_code_of_plugins(bench: Any) -> None:
    unknown = bench.swap("{use: talker}", "{use: parrot}")
    assert SpecError(bench.faults(unknown)).exit_code == ExitCode.PLUGIN
    assert SpecError(bench.faults(unknown.replace("every: 4", "evry: 4"))).exit_code == ExitCode.SPEC


def test_a_check_of_a_whole_config_is_shown_at_its_block(bench: Any) -> None:
    @attrs.frozen
    class Span:
        low: int = setting(0, help="from")
        high: int = setting(1, help="to")

        def __attrs_post_init__(self) -> None:
            if self.low >= self.high:
                raise ValueError(f"low is {self.low}, expected less than high {self.high}")

    registry = bench.registry(bench.offered("feedback", "plain", Span))
    shown = bench.shown(bench.swap("{use: plain}", "{use: plain, low: 3}"), registry=registry)
    assert shown == "good.yaml:9:1: low is 3, expected less than high 1\n    feedback: {use: plain, low: 3}\n    ^"


def test_a_config_that_cannot_be_read_is_its_plugins_fault(bench: Any) -> None:
    @attrs.frozen
    class Odd:
        value: "Unheard" = setting(0, help="of a type that nobody defined")  # type: ignore[name-defined]  # noqa: F821  that is the point

    registry = bench.registry(bench.offered("feedback", "plain", Odd))
    (fault,) = bench.faults(bench.good, registry=registry)
    assert fault.plugin
    assert fault.message.startswith(
        "feedback 'plain' (plugin parts, distribution acme-parts 1.2) has settings that cannot be read: NameError"
    )
