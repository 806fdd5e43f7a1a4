"""The policy `vllm`: vLLM's engine behind rlef-core's conversations."""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from threading import Lock

from attrs import define, evolve, field
from vllm import SamplingParams
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.sampling_params import RequestOutputKind

from rlef_core import Action, Context, EpisodeId, Finish, Message, Policy, PolicyFault, Replicas, Sampling, Transcript, VersionSpan, Weights
from rlef_models.model import chat_tokenizer, context_length, resolve
from rlef_models.tokenizer import HfTokenizer
from rlef_models.transfer import announce
from rlef_vllm.config import VllmConfig
from rlef_vllm.engine import Engine
from rlef_vllm.environment import log_of
from rlef_vllm.starting import EngineError, Launch
from rlef_vllm.verify import verify

FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH}


def build(config: VllmConfig, context: Context) -> Policy:
    """Start the engines. Raises ModelError, ChatTemplateError or EngineError, with no process left, when they cannot be used."""
    starts = launches(config, context)
    assert context.model is not None  # there would be nothing to launch
    tokenizer = chat_tokenizer(starts[0].path, context.model)
    roster = Roster()
    policies: list[VllmPolicy] = []
    try:
        for number, launch in enumerate(starts):
            engine = Engine(launch, first=number * config.devices)
            engine.start()
            roster.engines.append(engine)
            policies.append(VllmPolicy(engine, tokenizer, launch.longest, context, roster))
    except BaseException:
        for policy in policies:
            policy.engine.end()
        raise
    return policies[0] if len(policies) == 1 else Replicas(policies)


def launches(config: VllmConfig, context: Context) -> list[Launch]:
    """What the engine of each replica is started with. Raises ModelError, or EngineError where there are too few devices."""
    path = resolve(context.model)
    assert context.model is not None  # resolve() has refused it
    longest = context_length(path, context.model.max_length)
    threads = max(1, context.threads // (config.replicas * config.devices))
    found, turn = [], Lock()
    for number, devices in enumerate(_shares(config, context.devices)):
        seed = context.seed("engine", number) % 2**31
        launch = Launch(path, context.model.dtype, longest, seed, devices, threads, log_of(context, number), config, turn)
        plain = launch.dtype == "auto" and not launch.on_gpu  # as the policy `transformers` has it
        found.append(evolve(launch, dtype="float32") if plain else launch)
    return found


@define
class Roster:
    """All engines of a policy: a publication that is broadcast goes to all of them in one group."""

    engines: list[Engine] = field(factory=list)
    name: str = field(factory=lambda: uuid.uuid4().hex)
    lost: int = 0
    """Publications that did not arrive."""

    @property
    def group(self) -> str:
        """The group's name; another one as soon as an engine was started anew or did not take what was sent."""
        return "-".join([self.name, str(self.lost), *(str(engine.restarts) for engine in self.engines)])

    @property
    def receivers(self) -> int:
        """How many workers take a publication."""
        return sum(engine.launch.config.devices for engine in self.engines)


class VllmPolicy:
    """One engine as a policy."""

    def __init__(self, engine: Engine, tokenizer: HfTokenizer, longest: int, context: Context, roster: Roster) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.longest = longest
        self.context = context
        self._roster = roster
        self._restarts = 0
        self._ranks = itertools.cycle(range(engine.launch.config.data_parallel))

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> AsyncIterator["VllmConversation"]:
        """A conversation that stays with one copy of the model, which has its keys and values."""
        yield VllmConversation(self, next(self._ranks))

    async def load(self, weights: Weights) -> None:
        """Take a publication and check on its probe that the engine really samples by it. Raises PolicyFault."""
        started = time.monotonic()
        if weights.scheme != "unchanged":
            if self.engine is self._roster.engines[0]:
                await asyncio.to_thread(announce, weights.payload, self._roster.receivers, self._roster.group)
            await self._receive(weights)
            if weights.probe is not None:
                gap = await verify(self.engine, weights.version, weights.probe)
                self.context.metrics.add("policy/load_gap", gap)
            self.context.metrics.add("policy/load_seconds", time.monotonic() - started)
        else:
            await self.engine.load(weights)
        self.context.metrics.add("policy/engine_restarts", self.engine.restarts - self._restarts)
        self._restarts = self.engine.restarts

    async def _receive(self, weights: Weights) -> None:
        try:
            await self.engine.load(weights)
        except PolicyFault:
            self._roster.lost += 1
            raise

    async def suspend(self) -> None:
        await self.engine.suspend()

    async def resume(self) -> None:
        await self.engine.resume()

    async def close(self) -> None:
        await self.engine.close()


class VllmConversation:
    """One episode's side of the policy: its ids so far, and which copy of the model has their keys and values."""

    def __init__(self, policy: VllmPolicy, rank: int) -> None:
        self._policy = policy
        self._rank = rank if policy.engine.launch.config.data_parallel > 1 else None
        self._transcript = Transcript(policy.tokenizer)

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self._transcript.observe_once(messages)
        prompt = list(self._transcript.ids)
        room = self._policy.longest - len(prompt)
        if room <= 0:
            return Action("", tuple(prompt), (), (), (), Finish.CONTEXT)
        params = sampling_params(sampling, min(sampling.max_tokens, room), self._policy.tokenizer.end_of_turn)
        with self._policy.context.span("decode"):
            output = await self._policy.engine.generate(prompt, params, self._rank)
        self._policy.context.metrics.add("policy/kv_reuse_rate", (output.num_cached_tokens or 0) / len(prompt))
        action = self._action(prompt, output, full=room < sampling.max_tokens)
        self._transcript.answer(action.ids)
        return action

    def _action(self, prompt: list[int], output: RequestOutput, *, full: bool) -> Action:
        answer = output.outputs[0]
        if answer.finish_reason not in FINISHES:
            raise PolicyFault(f"vLLM ended an answer with {answer.finish_reason!r}, expected one of {sorted(FINISHES)}")
        finish = FINISHES[answer.finish_reason]
        if finish is Finish.LENGTH and full:
            finish = Finish.CONTEXT
        ids = tuple(answer.token_ids)
        return Action(self._policy.tokenizer.decode(ids), tuple(prompt), ids, _logprobs(answer), _spans(answer), finish)


def sampling_params(sampling: Sampling, limit: int, ends: frozenset[int]) -> SamplingParams:
    """vLLM's form of how an answer of at most `limit` tokens is sampled; ids and log-probs only, all at the end."""
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=limit,
        seed=None if sampling.seed is None else sampling.seed % 2**63,
        stop_token_ids=[] if sampling.ignore_end else sorted(ends),
        ignore_eos=True,  # the tokenizer knows the ends of a turn
        logprobs=0,
        flat_logprobs=True,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _logprobs(answer: CompletionOutput) -> tuple[float, ...]:
    flat = answer.logprobs
    assert flat is not None  # they were asked for
    return tuple(flat.logprobs)  # type: ignore[union-attr]  # flat_logprobs was asked for: one entry a token


def _spans(answer: CompletionOutput) -> tuple[VersionSpan, ...]:
    return tuple(VersionSpan(span.start, int(span.version)) for span in answer.weight_versions or ())


def _shares(config: VllmConfig, devices: Sequence[str]) -> list[tuple[str, ...]]:
    """The devices of each replica; none on a CPU. Raises EngineError where they are too few."""
    gpus = [device for device in devices if device.startswith("cuda")]
    needed = config.replicas * config.devices
    if gpus and len(gpus) < needed:
        raise EngineError(
            f"devices.policy has {len(gpus)} GPUs, expected {needed}: policy.replicas x tensor_parallel x pipeline_parallel x data_parallel"
        )
    return [tuple(gpus[number * config.devices : (number + 1) * config.devices]) for number in range(config.replicas)]
