"""Trajectories: episodes as arrays, ready to learn from; and what learning returns."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from rlef_core.records.episode import Action, Episode, EpisodeId, VersionSpan


@frozen
class TurnSpan:
    """A response's place in its trajectory: `ids[start:stop]` was sampled; the value of the turn is read at `start - 1`.
    `reward` excludes any KL term."""

    start: int
    stop: int
    reward: float


@frozen
class Trajectory:
    """One episode of T tokens: `ids`, `trained`, `logprobs`, `versions` all have length T.

    `trained[t]` is true exactly for sampled tokens; `logprobs[t]` is the behaviour policy's log-prob of `ids[t]` (0.0 elsewhere), at
    `temperature`; `versions[t]` is the publication that sampled it (-1 elsewhere).
    """

    episode: EpisodeId
    ids: tuple[int, ...]
    trained: tuple[bool, ...]
    logprobs: tuple[float, ...]
    versions: tuple[int, ...]
    turns: tuple[TurnSpan, ...]
    temperature: float

    @classmethod
    def from_episode(cls, episode: Episode, rewards: tuple[float, ...]) -> "Trajectory":
        """Lay an episode's actions end to end; `rewards` holds one number a turn.

        Raises ValueError when counts differ, a prompt does not continue what came before it, or a version span is out of place.
        """
        if len(rewards) != len(episode.turns):
            raise ValueError(f"episode {episode.id} has {len(episode.turns)} turns but {len(rewards)} rewards: expected one a turn")
        ids: list[int] = []
        logprobs: list[float] = []
        versions: list[int] = []
        turns: list[TurnSpan] = []
        for turn, reward in zip(episode.turns, rewards, strict=True):
            action = turn.action
            if list(action.prompt_ids[: len(ids)]) != ids:
                raise ValueError(f"episode {episode.id}: the prompt of turn {len(turns) + 1} does not continue the ids before it")
            _check(action, f"episode {episode.id}, turn {len(turns) + 1}")
            gap = len(action.prompt_ids) - len(ids)
            ids += action.prompt_ids[len(ids) :] + action.ids
            logprobs += (0.0,) * gap + action.logprobs
            versions += (-1,) * gap + _versions(action.spans, len(action.ids))
            turns.append(TurnSpan(len(ids) - len(action.ids), len(ids), reward))
        trained = tuple(version >= 0 for version in versions)
        return cls(episode.id, tuple(ids), trained, tuple(logprobs), tuple(versions), tuple(turns), episode.temperature)


@frozen
class TurnReport:
    """What an optimizer made of one turn: value read, KL to the reference (mean per token), return, normalised advantage,
    mean truncated importance weight."""

    episode: EpisodeId
    turn: int
    value: float
    kl: float
    return_: float
    advantage: float
    weight: float


@frozen
class UpdateReport:
    """All updates of one collection: how many steps, metrics by name, one report a turn."""

    updates: int
    metrics: Mapping[str, float] = Factory(dict)
    turns: tuple[TurnReport, ...] = ()


@frozen
class Probe:
    """What published weights compute: ids of a short fixed sequence, and the natural log-probs of `ids[1:]` at temperature 1.

    A policy that loaded the weights computes them anew and so sees whether it samples by them. Raises ValueError unless there is one
    log-prob for each id but the first.
    """

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]

    def __attrs_post_init__(self) -> None:
        if len(self.logprobs) != len(self.ids) - 1:
            raise ValueError(f"a probe has {len(self.ids)} ids and {len(self.logprobs)} log-probs, expected one for each id but the first")


@frozen
class Weights:
    """One published state of a policy's parameters. `scheme` says what `payload` is; the scheme `unchanged` carries None:
    only the version moves. A policy that gets a `probe` verifies with it what it loaded."""

    version: int
    scheme: str
    payload: Any = None
    probe: Probe | None = None


def _check(action: Action, place: str) -> None:
    if len(action.logprobs) != len(action.ids):
        raise ValueError(f"{place}: {len(action.ids)} ids but {len(action.logprobs)} log-probs, expected as many")
    starts = [span.start for span in action.spans]
    if action.ids and (starts[:1] != [0] or starts != sorted(set(starts)) or starts[-1] >= len(action.ids)):
        raise ValueError(f"{place}: version spans start at {starts}, expected 0 and then rising within {len(action.ids)} ids")


def _versions(spans: tuple[VersionSpan, ...], length: int) -> tuple[int, ...]:
    versions = [0] * length
    for span in spans:
        versions[span.start :] = [span.version] * (length - span.start)
    return tuple(versions)
