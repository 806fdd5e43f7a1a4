"""Play and learn from the same collections with TRL's GRPOTrainer and a `rollout_func`; runs in TRL's environment."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import torch
from attrs import Factory, define, frozen
from datasets import Dataset
from peer.match import Step, Watch, await_word, draw, read_plan, said, tell
from transformers import GenerationConfig, PreTrainedTokenizerFast, TrainerCallback
from transformers.generation import ContinuousBatchingConfig
from trl import GRPOConfig, GRPOTrainer
from trl.trainer.utils import pad

from rlef_core import Action, Episode, EpisodeId, Finish, Message, Stop, Task, Trajectory, Transcript, Turn, VersionSpan
from rlef_core.rollout.extract import extract
from rlef_core.training.parts import Parts, open_parts
from rlef_models.model import resolve
from rlef_models.tokenizer import HfTokenizer

Prompts = list[list[int]]
Generate = Callable[[GRPOTrainer, Prompts, int], Prompts]


@frozen
class Way:
    """How TRL generates, and in how many micro-batches it learns."""

    generate: Generate
    micro_batches: int = 4


def main(way: str, steps: int, overrides: Sequence[str]) -> None:
    """Take `steps` steps of the spec with `overrides`; `way` is one of WAYS."""
    plan, registry = read_plan(overrides)
    with tempfile.TemporaryDirectory(prefix="rlef-peer-") as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        # our policy and optimizer are built too, and stay idle
        parts = runner.run(stack.enter_async_context(open_parts(plan, registry, Path(folder))))
        try:
            side = Side(parts, runner, WAYS[way], {task.problem.id: task for tasks in draw(parts, steps) for task in tasks})
            trainer(side, draw(parts, steps), folder).train()
        finally:
            runner.run(stack.aclose())


@define
class Game:
    """An episode in the making."""

    id: EpisodeId
    task: Task
    transcript: Transcript
    messages: Sequence[Message]
    turns: list[Turn] = Factory(list)
    stop: Stop | None = None


@define
class Side:
    """TRL's side of the match: the rollout function, the reward function and the clock of one trainer."""

    parts: Parts
    runner: asyncio.Runner
    way: Way
    tasks: dict[str, Task]
    watch: Watch = Factory(Watch)
    trajectories: list[Trajectory] = Factory(list)
    began: float = 0.0
    played: float = 0.0
    cpu: float = 0.0

    def rollout(self, prompts: list[list[dict[str, str]]], trainer: GRPOTrainer) -> dict[str, Any]:
        """TRL's `rollout_func`: play one episode for each prompt, turn by turn, all abreast."""
        tokenizer = HfTokenizer(trainer.processing_class, {})
        games = [self._game(number, prompt, tokenizer) for number, prompt in enumerate(prompts)]
        while playing := [game for game in games if game.stop is None]:
            for game in playing:
                game.transcript.observe(game.messages)
            with self.watch.during("generate"):
                asked = [game.transcript.ids for game in playing]
                answers = self.way.generate(trainer, asked, self.parts.plan.rollout.sampling.max_tokens)
            with self.watch.during("judge"):
                self.runner.run(self._judge(playing, answers, tokenizer))
        self.trajectories = self.runner.run(self._score(games))
        firsts = [trajectory.turns[0].start for trajectory in self.trajectories]
        pairs = list(zip(self.trajectories, firsts, strict=True))
        self.played = time.perf_counter()
        return {
            "prompt_ids": [list(trajectory.ids[:first]) for trajectory, first in pairs],
            "completion_ids": [list(trajectory.ids[first:]) for trajectory, first in pairs],
            "env_mask": [[int(trained) for trained in trajectory.trained[first:]] for trajectory, first in pairs],
            "logprobs": None,
            "score": [sum(turn.reward for turn in trajectory.turns) for trajectory in self.trajectories],
        }

    def _game(self, number: int, prompt: list[dict[str, str]], tokenizer: HfTokenizer) -> Game:
        task = self.tasks[prompt[-1]["task"]]
        opening = [Message(message["role"], message["content"]) for message in prompt]
        return Game(EpisodeId("train", 0, task.problem.id, number), task, Transcript(tokenizer), opening)

    async def _judge(self, games: Sequence[Game], answers: Prompts, tokenizer: HfTokenizer) -> None:
        await asyncio.gather(*(self._turn(game, ids, tokenizer) for game, ids in zip(games, answers, strict=True)))

    async def _turn(self, game: Game, ids: list[int], tokenizer: HfTokenizer) -> None:
        problem, player = game.task.problem, self.parts.player
        text = said(tokenizer, ids)
        program = extract(text, player.languages[problem.language])
        execution = None
        if program is not None:
            execution = await player.judge.judge(
                program, problem.public_cases, game.task.limits, game.task.checker, stop_at_first_failure=False
            )
        logprobs = (0.0,) * len(ids)  # TRL takes them from its own forward pass
        action = Action(text, tuple(game.transcript.ids), tuple(ids), logprobs, (VersionSpan(0, 0),), Finish.LENGTH)
        game.transcript.answer(ids)
        game.turns.append(Turn(tuple(game.messages), action, program, execution))
        if execution is not None and execution.accepted:
            game.stop = Stop.PUBLIC_PASSED
        elif len(game.turns) == player.settings.turn_limit:
            game.stop = Stop.TURN_LIMIT
        else:
            game.messages = [Message("user", player.formatter.feedback(problem, execution), player.settings.feedback_tokens)]

    async def _score(self, games: Sequence[Game]) -> list[Trajectory]:
        with self.watch.during("judge"):
            episodes = await asyncio.gather(*(self._submit(game) for game in games))
        return [Trajectory.from_episode(episode, await self.parts.scorer.score(episode)) for episode in episodes]

    async def _submit(self, game: Game) -> Episode:
        last, task = game.turns[-1], game.task
        private = None
        if game.stop is Stop.PUBLIC_PASSED and last.program is not None:
            private = await self.parts.player.judge.judge(
                last.program, task.private_cases, task.limits, task.checker, stop_at_first_failure=True
            )
        assert game.stop is not None  # the rollout ends when every game has
        return Episode(game.id, task.problem, tuple(game.turns), private, game.stop)


def reward(score: list[float], **_: Any) -> list[float]:
    """TRL's reward function: what our reward functions gave, summed over an episode's turns."""
    return score


class Clock(TrainerCallback):  # type: ignore[misc]  # transformers is not followed by mypy
    """Lets each step of the trainer begin when the proof says so, and tells what it came to."""

    def __init__(self, side: Side) -> None:
        self.side = side

    def on_train_begin(self, *_: Any, **more: Any) -> None:
        more["model"].generation_config.eos_token_id = None  # answers go on past an end of turn, on our side too

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        await_word()
        self.side.watch = Watch()
        self.side.began, self.side.cpu = time.perf_counter(), time.process_time()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        ended, cpu = time.perf_counter(), time.process_time() - self.side.cpu
        played, watch = self.side.trajectories, self.side.watch.seconds
        rewards = [sum(turn.reward for turn in trajectory.turns) for trajectory in played]
        tell(
            Step(
                seconds=ended - self.side.began,
                episodes=len(played),
                turns=sum(len(trajectory.turns) for trajectory in played),
                tokens=sum(sum(trajectory.trained) for trajectory in played),
                reward=sum(rewards) / len(rewards),
                generate=watch["generate"],
                judge=watch["judge"],
                update=ended - self.side.played,
                cpu=cpu,
            )
        )


def trainer(side: Side, steps: Sequence[Sequence[Task]], folder: str) -> GRPOTrainer:
    """A trainer for the tasks of `steps`, set up like our side and otherwise as fast as its settings allow on a CPU."""
    plan = side.parts.plan
    path = resolve(side.parts.builder.model)
    rollout, training = plan.rollout, plan.training
    arguments = GRPOConfig(
        output_dir=folder,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        per_device_train_batch_size=training.sequences_per_update // side.way.micro_batches,
        gradient_accumulation_steps=side.way.micro_batches,
        num_generations=rollout.episodes_per_task,
        max_completion_length=rollout.turn_limit * rollout.sampling.max_tokens,
        temperature=rollout.sampling.temperature,
        loss_type="grpo",
        beta=0.0,
        learning_rate=1e-6,
        lr_scheduler_type="constant",
        max_steps=len(steps),
        shuffle_dataset=False,
        logging_steps=10 * len(steps),
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        model_init_kwargs={"dtype": "float32"},
    )
    return GRPOTrainer(
        model=path,
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": _prompt(side.parts, task)} for tasks in steps for task in tasks]),
        reward_funcs=reward,
        rollout_func=side.rollout,
        callbacks=[Clock(side)],
    )


def _prompt(parts: Parts, task: Task) -> list[dict[str, str]]:
    opening = parts.player.formatter.opening(task.problem)
    return [{"role": message.role, "content": message.content, "task": task.problem.id} for message in opening]


def plain(trainer: GRPOTrainer, prompts: Prompts, count: int, **more: Any) -> Prompts:
    """`count` new ids for each prompt by `generate`, as TRL itself calls it."""
    tensors = [torch.tensor(ids) for ids in prompts]
    ids = pad(tensors, padding_value=trainer.processing_class.pad_token_id, padding_side="left")
    mask = pad([torch.ones_like(each) for each in tensors], padding_value=0, padding_side="left")
    settings = _settings(trainer.processing_class, count, **more)
    whole = trainer.model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    answers: Prompts = whole[:, ids.shape[1] :].tolist()
    return answers


def static(trainer: GRPOTrainer, prompts: Prompts, count: int) -> Prompts:
    """As `plain`, with a KV cache of fixed size."""
    return plain(trainer, prompts, count, cache_implementation="static")


def continuous(trainer: GRPOTrainer, prompts: Prompts, count: int) -> Prompts:
    """`count` new ids for each prompt by transformers' continuous batching, which TRL offers as a setting."""
    settings = _settings(trainer.processing_class, count)
    pages = sum(-(-(len(ids) + count) // PAGE) for ids in prompts)  # without a number it takes a share of the machine's memory
    batching = ContinuousBatchingConfig(page_size=PAGE, num_blocks=pages, max_batch_tokens=BATCH_TOKENS)
    with torch.no_grad():
        outputs = trainer.model.generate_batch(prompts, generation_config=settings, continuous_batching_config=batching, progress_bar=False)
    trainer.model.train()
    return [output.generated_tokens for output in outputs.values()]


def _settings(tokenizer: PreTrainedTokenizerFast, count: int, **more: Any) -> GenerationConfig:
    pad = tokenizer.pad_token_id
    return GenerationConfig(max_new_tokens=count, do_sample=True, temperature=1.0, top_k=0, pad_token_id=pad, disable_compile=True, **more)


PAGE = 256
BATCH_TOKENS = 16384

WAYS = {
    "generate": Way(plain),
    "generate-whole": Way(plain, micro_batches=1),
    "static": Way(static),
    "continuous": Way(continuous),
}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
