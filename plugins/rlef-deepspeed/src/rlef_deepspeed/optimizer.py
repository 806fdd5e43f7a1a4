"""Run PPO on DeepSpeed's engines as an optimizer of rlef-core, on one rank or many."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from rlef_core import Context, Trajectory, UpdateReport, Weights
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.crew import Alone, Crew
from rlef_deepspeed.launched import Launched
from rlef_deepspeed.launching import Launch
from rlef_deepspeed.recipe import Recipe
from rlef_torch.families import WEIGHT_SCHEMES


class DeepSpeedOptimizer:
    """Has its ranks learn. The version counts the collections that were learned from."""

    def __init__(self, crew: Crew, context: Context) -> None:
        self.version = 0
        self._crew = crew
        self._seed = context.seed

    @classmethod
    def build(cls, config: DeepSpeedPpoConfig, context: Context) -> "DeepSpeedOptimizer":
        """Start the ranks; blocks. Raises ModelError when there is no usable model, UsageError where devices or the host file do not fit
        `world_size`, RankError when a rank cannot start."""
        recipe = Recipe.of(config, context)
        crew: Crew = Alone(recipe, context.metrics) if config.world_size == 1 else Launched.start(Launch.of(recipe), context.metrics)
        return cls(crew, context)

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        report: UpdateReport = await self._crew.ask("learn", tuple(collection), self._seed("order", self.version), self.version)
        self.version += 1
        return report

    def publish(self, scheme: str) -> AbstractAsyncContextManager[Weights]:
        return self._publish(scheme)

    async def save(self, directory: Path) -> None:
        await self._crew.ask("save", directory, self.version)

    async def restore(self, directory: Path) -> None:
        self.version = await self._crew.ask("restore", directory)

    async def start_from(self, directory: Path) -> None:
        await self._crew.ask("start_from", directory)

    async def suspend(self) -> None:
        await self._crew.ask("suspend")

    async def resume(self) -> None:
        await self._crew.ask("resume")

    async def close(self) -> None:
        await self._crew.close()

    @asynccontextmanager
    async def _publish(self, scheme: str) -> AsyncIterator[Weights]:
        if scheme not in WEIGHT_SCHEMES:
            raise ValueError(f"weights were asked for by scheme {scheme!r}, expected one of {', '.join(map(repr, WEIGHT_SCHEMES))}")
        async with self._crew.publish(scheme, self.version) as weights:
            yield weights
