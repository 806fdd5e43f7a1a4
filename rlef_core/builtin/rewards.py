"""Reward `rlef`: the paper's, +1 or -1 at the end and a price for answers without code."""

from collections.abc import Sequence

from attrs import frozen

from rlef_core import Context, Episode, RewardFunction, component, setting


@frozen
class RlefConfig:
    """Config of reward `rlef` (paper, section 2.2)."""

    solved: float = setting(1.0, help="reward of the last turn when every public and private case passes")
    failed: float = setting(-1.0, help="reward of the last turn otherwise, an answer without code included")
    no_program: float = setting(-0.2, help="reward of any other turn whose answer holds no code")
    wrong_program: float = setting(0.0, help="reward of any other turn whose program fails a public case")


class RlefReward:
    """One number a turn; see RlefConfig."""

    def __init__(self, config: RlefConfig) -> None:
        self._config = config

    async def rewards(self, episode: Episode) -> Sequence[float]:
        before = [self._config.no_program if turn.program is None else self._config.wrong_program for turn in episode.turns[:-1]]
        return [*before, self._config.solved if episode.solved else self._config.failed]


def build(config: RlefConfig, context: Context) -> RewardFunction:
    """Build the reward function."""
    return RlefReward(config)


COMPONENT = component(
    name="rlef", summary="+1 or -1 at the end, -0.2 for an earlier answer without code", config=RlefConfig, build=build, example=RlefConfig
)
