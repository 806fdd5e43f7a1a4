"""Describe a policy to its suite, and hold conversations with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from attrs import frozen

from rlef_core import Action, EpisodeId, Message, Policy, Sampling, Weights
from rlef_core.testing.logprobs import LogProbs, distance, segments

EPISODE = EpisodeId("train", 0, "conversation", 0)
OPENING = (Message("user", "Print the answer of the problem."),)
MORE = (Message("user", "That was wrong. Try again."),)
WELL_KNOWN = ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start|>", "<|end|>", "</s>")
SHORT = 12
"""The most tokens of an answer, where a check does not ask for more."""


def unchanged(version: int) -> Weights:
    """A publication that only moves the version."""
    return Weights(version, "unchanged")


@frozen
class PolicySubject:
    """What the checks need to know of a policy.

    build: makes the policy anew; it is closed after each check. A small model, with logits that spread, makes the checks fast and sharp.
    max_length: the longest conversation, in tokens; 128 to 512 are enough.
    weights: `weights(version)` is a publication for `load`; another version is another model of the same shape, the same version the same.
    logprobs: what the trainer says of such weights; None where no trainer is at hand.
    control_tokens: the texts that are control tokens in the policy's chat template.
    tolerance: how far log-probs may be from the trainer's, in nats; low precision needs more.
    patience: seconds after which a check that hangs has failed.
    """

    build: Callable[[], Policy]
    max_length: int
    weights: Callable[[int], Weights] = unchanged
    logprobs: LogProbs | None = None
    control_tokens: Sequence[str] = WELL_KNOWN
    tolerance: float = 1e-3
    patience: float = 60.0

    def trained(self, version: int, prompt: Sequence[int], ids: Sequence[int], temperature: float) -> Sequence[float]:
        """The trainer's log-probs of `ids` under the weights of `version`."""
        assert self.logprobs is not None, "the subject has no logprobs, expected the trainer's: give them or switch the promise off"
        return self.logprobs(self.weights(version), prompt, ids, temperature)

    def error(self, action: Action, temperature: float) -> float:
        """How far an action's log-probs are from those of the versions that its spans name, in nats."""
        expected: list[float] = []
        for start, stop, version in segments(action):
            expected += self.trained(version, action.prompt_ids + action.ids[:start], action.ids[start:stop], temperature)
        return distance(expected, action.logprobs)


@asynccontextmanager
async def built(subject: PolicySubject) -> AsyncIterator[Policy]:
    """A new policy that has loaded version 1; raises TimeoutError where a check outlasts the subject's patience."""
    policy = subject.build()
    try:
        async with asyncio.timeout(subject.patience):
            await policy.load(subject.weights(1))
            yield policy
    finally:
        await policy.close()


async def play(policy: Policy, asked: Sequence[Sampling], opening: Sequence[Message] = OPENING, number: int = 0) -> list[Action]:
    """One conversation of as many turns as `asked` has samplings."""
    async with policy.open(EpisodeId("train", 0, "conversation", number)) as conversation:
        return [await conversation.act(MORE if turn else opening, sampling) for turn, sampling in enumerate(asked)]


async def play_many(policy: Policy, count: int, turns: int = 1, temperature: float = 1.0, max_tokens: int = SHORT) -> list[list[Action]]:
    """`count` conversations at once, of different openings and seeds."""
    return await asyncio.gather(
        *(play(policy, samplings(number, turns, temperature, max_tokens), opening(number), number) for number in range(count))
    )


def samplings(number: int, turns: int = 1, temperature: float = 1.0, max_tokens: int = SHORT) -> list[Sampling]:
    """Samplings of one conversation, each with a seed of its own."""
    return [Sampling(temperature=temperature, max_tokens=max_tokens, seed=100 * number + turn) for turn in range(turns)]


def opening(number: int) -> Sequence[Message]:
    """The first messages of conversation `number`: of another text and length each."""
    return (Message("user", f"Print the sum of {number} and {'x ' * (number % 7)}."),)
