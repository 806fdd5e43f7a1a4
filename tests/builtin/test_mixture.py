"""Several tasksets as one: shares, ids that stay apart, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlef_core
from rlef_core import ComponentError, Origin, Rejected, SpecError, Task, UsageError
from rlef_core.builtin.mixture.taskset import MixtureTasks, Part, epoch
from rlef_core.builtin.tiny_programs import TinyPrograms
from rlef_core.rollout.tasks import in_order
from rlef_core.testing import TasksetSuite

ORIGIN = Origin("taskset", "listed", "parts", "acme-parts", "1.0")
WEIGHTS = st.floats(0.01, 100)


class Listed:
    """A taskset of as many tasks as its splits say; ids of two such are equal."""

    def __init__(self, **sizes: int) -> None:
        self.sizes = sizes

    def ids(self, split: str) -> list[str]:
        return [str(number) for number in range(self.sizes[split])]

    def task(self, id: str) -> Rejected:
        return Rejected(id, "it is only listed")


def mixture(**parts: Part) -> MixtureTasks:
    return MixtureTasks(parts)


def listed(size: int, weight: float = 1.0) -> Part:
    return Part(Listed(train=size), ORIGIN, weight=weight)


class TestMixture(TasksetSuite):
    splits = ("train", "evaluation")
    repeats_none = False
    rejects_none = False

    @pytest.fixture
    def taskset(self) -> MixtureTasks:
        tiny = TinyPrograms()
        return mixture(
            listed=Part(Listed(train=3, evaluation=2), ORIGIN), tiny=Part(tiny, ORIGIN, weight=0.5), base=Part(tiny, ORIGIN, "base")
        )


def test_each_part_gets_its_share_and_a_small_one_begins_again() -> None:
    ids = mixture(a=listed(2), b=listed(3, weight=2)).ids("train")
    assert list(ids) == ["a/0", "a/1", "b/0", "b/1", "b/2", "b/0"]
    assert ids[-1] == "b/0"
    assert ids[1:3] == ["a/1", "b/0"]


@given(st.lists(st.tuples(st.integers(1, 200), WEIGHTS), min_size=1, max_size=6))
def test_shares_are_kept_to_within_one_task_and_no_task_is_left_out(parts: list[tuple[int, float]]) -> None:
    sizes, weights = zip(*parts, strict=True)
    stops = epoch(sizes, weights)
    counts = [stop - start for start, stop in zip([0, *stops], stops, strict=False)]
    for count, size, weight in zip(counts, sizes, weights, strict=True):
        assert count >= size
        assert abs(count - stops[-1] * weight / sum(weights)) < 1 + 1e-6
    assert any(count <= size + 1 for count, size in zip(counts, sizes, strict=True)), "a shorter epoch would do"


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 9)), min_size=1, max_size=4))
def test_an_epoch_holds_every_task_of_every_part(parts: list[tuple[int, int]]) -> None:
    ids = mixture(**{f"p{number}": listed(*part) for number, part in enumerate(parts)}).ids("train")
    assert set(ids) == {f"p{number}/{task}" for number, (size, _) in enumerate(parts) for task in range(size)}
    assert len(ids) == len(list(ids))


def test_a_split_of_a_part_stands_for_the_one_that_is_asked_for() -> None:
    parts = mixture(fixed=Part(Listed(train=1, base=2), ORIGIN, "base"), open=Part(Listed(train=2), ORIGIN))
    assert list(parts.ids("train")) == ["fixed/0", "fixed/1", "open/0", "open/1"]


def test_a_task_is_its_parts_own_but_for_the_id() -> None:
    tiny = TinyPrograms()
    id = tiny.ids("train")[0]
    task = mixture(tiny=Part(tiny, ORIGIN)).task(f"tiny/{id}")
    original = tiny.task(id)
    assert isinstance(task, Task)
    assert isinstance(original, Task)
    assert task.problem.id == f"tiny/{id}"
    assert (task.problem.statement, task.private_cases) == (original.problem.statement, original.private_cases)


def test_a_rejected_row_keeps_its_reason_and_an_id_of_no_part_is_rejected() -> None:
    parts = mixture(a=listed(1))
    assert parts.task("a/0") == Rejected("a/0", "it is only listed")
    assert parts.task("b/0") == Rejected("b/0", "'b/0' begins with no part's name, expected one of 'a' and '/'")


def test_what_lists_or_verifies_tasks_sees_each_once() -> None:
    parts = mixture(a=listed(2), b=listed(3, weight=6))
    assert len(parts.ids("train")) == 14
    assert [id for id, _ in in_order(parts, ORIGIN, "train")] == ["a/0", "a/1", "b/0", "b/1", "b/2"]


def test_an_epoch_too_long_to_be_ordered_is_refused_with_the_sizes() -> None:
    with pytest.raises(UsageError, match=r"would hold 3000000001000 ids.*'a' has 3, 'b' has 1000"):
        mixture(a=listed(3, weight=3e9), b=listed(1000)).ids("train")


def test_a_part_without_tasks_and_one_that_fails_are_named() -> None:
    with pytest.raises(UsageError, match="part 'b' has no tasks in split 'train'"):
        mixture(a=listed(1), b=listed(0)).ids("train")
    with pytest.raises(ComponentError, match=r"taskset 'listed' .* failed in ids: KeyError: 'test'"):
        mixture(a=listed(1)).ids("test")


SPEC = """\
name: mixed
run: {{directory: runs/mixed}}
tasks:
  train:
    use: mixture
    parts: {parts}
policy: {{use: scripted, answers: [nothing]}}
executor: {{use: unsafe-subprocess}}
feedback: {{use: failing-cases}}
rewards: [{{use: rlef}}]
optimizer: {{use: dry-run}}
training: {{updates: 1, episodes_per_collection: 4, sequences_per_update: 4}}
"""


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ("[]", "6:12: parts is empty, expected at least one with a 'taskset'"),
        ("[{taskset: {use: tiny-programs}, weight: 0}]", "6:53: weight is 0.0, expected a number above 0"),
        ("[{taskset: {use: tiny-programs}, weight: -1}]", "6:53: weight is -1.0, expected a number above 0"),
        ("[{taskset: {use: tiny-programs}, name: a/b}]", "6:51: name is 'a/b', expected a name without '/'"),
        ("[{taskset: {use: tiny-program}}]", "6:29: "),
        ("[{taskset: {use: tiny-programs}}, {taskset: {use: tiny-programs}}]", "6:12: parts are called 'tiny-programs' 2 times"),
        ("[{weight: 1}]", "6:13: lacks 'taskset'"),
    ],
)
def test_a_mixture_that_is_written_wrongly_is_shown_where(tmp_path: Path, parts: str, fault: str) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC.format(parts=parts))
    with pytest.raises(SpecError, match=f"spec.yaml:{fault}".replace("[", r"\[")):
        rlef_core.check(tmp_path / "spec.yaml")


def test_a_run_plays_every_part_by_its_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = {"input": "1", "output": "1"}
    row = {"statement": "s", "language": "python", "public_cases": [case], "private_cases": [case]}
    for name, size in (("one", 2), ("two", 6)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"id": str(number), **row}) + "\n" for number in range(size)))
    parts = "[{taskset: {use: jsonl, path: one.jsonl}, name: one}, {taskset: {use: jsonl, path: two.jsonl}, weight: 3, name: two}]"
    (tmp_path / "spec.yaml").write_text(SPEC.format(parts=parts))
    monkeypatch.chdir(tmp_path)
    rlef_core.run(tmp_path / "spec.yaml", overrides=["training={updates: 1, episodes_per_collection: 8, sequences_per_update: 8}"])
    played = sorted(episode.id.task for episode in rlef_core.read_episodes(tmp_path / "runs" / "mixed"))
    assert played == ["one/0", "one/1", *(f"two/{number}" for number in range(6))]
