"""Set up an optimizer: every setting of every family with its default and help text."""

from typing import Any, Literal

import attrs
from attrs import frozen

from rlef_core import Offer, not_negative, positive, setting, share

KlEstimator = Literal["k1", "k2", "k3"]
POLICY_FOLDER = "policy"
"""The policy's folder in what an optimizer saves, named as its pupil is: a model folder by itself."""
WEIGHT_SCHEMES = ("memory", "shm", "file", "ipc", "nccl", "gloo")
"""How weights are published, the cheapest first (rlef_models.transfer, but for `memory`: the live tensors, in this process)."""


def _kl_coefficient(default: float) -> Any:
    return setting(default, help="weight of the KL penalty; with kl_target, the first collection's", validator=not_negative)


def _kl_in(default: str) -> Any:
    return setting(default, help="where the KL penalty stands: subtracted from the rewards, or added to the policy's loss")


def _kl_estimator(default: str) -> Any:
    return setting(
        default, help="estimate of a token's KL; in the reward only k1 has the KL's gradient, in the loss k3 has the reverse KL's"
    )


@frozen
class LearningConfig:
    """Settings of every family: how far a step goes, and how much stands in memory."""

    learning_rate: float = setting(2e-7, help="AdamW's step size for the policy, after warm-up", validator=positive, resumable=True)
    weight_decay: float = setting(0.1, help="AdamW's decoupled weight decay", validator=not_negative)
    warmup_updates: int = setting(50, help="a module's first updates, over which its step size rises linearly", validator=not_negative)
    passes: int = setting(1, help="times that every trajectory of a collection is learned from", validator=positive)
    max_gradient_norm: float = setting(1.0, help="gradients of the policy, and of a critic, are scaled to this norm", validator=positive)
    micro_batch_tokens: int = setting(
        16384, help="most tokens of one forward pass, padding included; changes no result", validator=positive, resumable=True
    )
    logprob_chunk_tokens: int = setting(
        1024, help="tokens whose logits stand in memory at once; changes no result", validator=positive, resumable=True
    )
    gradient_checkpointing: bool = setting(False, help="compute activations twice to hold fewer of them", resumable=True)
    dtype: Literal["float32", "bfloat16"] = setting("float32", help="dtype of matrix products; weights are kept in float32")


@frozen
class RewardedConfig(LearningConfig):
    """Settings of the families that learn from rewards under a KL penalty."""

    kl_coefficient: float = _kl_coefficient(0.05)
    kl_in: Literal["reward", "loss"] = _kl_in("reward")
    kl_estimator: KlEstimator = _kl_estimator("k1")
    kl_target: float | None = setting(
        None, help="KL (optimizer/kl) towards which the coefficient is moved after each collection", unit="nats", validator=positive
    )
    kl_horizon: int | None = setting(
        None, help="episodes after which a KL 20 % off its target has moved the coefficient by 20 %; 10000 unless set", validator=positive
    )
    importance: Literal["current", "old"] = setting(
        "current", help="policy in the truncated importance weight: the current one, as the paper prints it, or the collecting one"
    )
    parity_bound: float = setting(
        1e-3,
        help="distance from the sampler's log-prob over which a token counts into optimizer/parity_share; with bfloat16 on a side, 0.05",
        unit="nats",
        validator=positive,
        resumable=True,
    )
    skip_equal_groups: bool = setting(
        False, help="leave episodes of one task whose rewards have equal sums out of the updates; needs rollout.episodes_per_task above 1"
    )

    def __attrs_post_init__(self) -> None:
        if not self.kl_coefficient:
            _refuse_idle(self, ("kl_in", "kl_estimator", "kl_target"), "kl_coefficient is 0, expected one above 0")
        if self.kl_target is None:
            _refuse_idle(self, ("kl_horizon",), "there is no kl_target, expected one")


@frozen
class PpoConfig(RewardedConfig):
    """Settings of the optimizer `ppo`; the defaults are the paper's where it gives any."""

    critic_learning_rate: float | None = setting(
        None, help="the critic's step size; the policy's unless set", validator=positive, resumable=True
    )
    critic_warmup_updates: int = setting(
        0, help="first updates that train the critic alone; the policy's warm-up comes after them", validator=not_negative
    )
    gamma: float = setting(1.0, help="discount from one turn to the next", validator=share)
    credit: Literal["turn", "token", "episode"] = setting("turn", help="what gets a value and an advantage of its own")
    clip_low: float = setting(0.2, help="how far below 1 a token's ratio is followed", validator=share)
    clip_high: float = setting(0.2, help="how far above 1 a token's ratio is followed", validator=not_negative)
    value_clip: float = setting(0.2, help="how far a value is followed from its old one", validator=positive)
    value_coefficient: float = setting(
        1.0, help="factor of the value loss; AdamW undoes it, so it only sets how soon max_gradient_norm binds", validator=positive
    )


@frozen
class GrpoConfig(RewardedConfig):
    """Settings of the optimizer `grpo`; the defaults of its own are those of the paper that introduced it (arXiv 2402.03300)."""

    kl_coefficient: float = _kl_coefficient(0.04)
    kl_in: Literal["reward", "loss"] = _kl_in("loss")
    kl_estimator: KlEstimator = _kl_estimator("k3")
    divide_by_deviation: bool = setting(True, help="divide a group's advantages by the standard deviation of its returns")
    average: Literal["token", "sequence"] = setting(
        "sequence", help="what the loss is a mean over: all tokens of an update, or each trajectory's tokens first and then trajectories"
    )
    clip_low: float = setting(0.2, help="how far below 1 a token's ratio is followed", validator=share)
    clip_high: float = setting(0.2, help="how far above 1 a token's ratio is followed", validator=not_negative)


@frozen
class RlooConfig(RewardedConfig):
    """Settings of the optimizer `rloo` (arXiv 2402.14740)."""


@frozen
class SftConfig(LearningConfig):
    """Settings of the optimizer `sft`, the paper's baseline without reinforcement."""

    least_return: float = setting(0.0, help="trajectories whose rewards add up to more than this are learned from")
    loss_on: Literal["last", "all"] = setting("last", help="answers of such a trajectory that are learned: the last one, or all")


def rewarded_offer(config: RewardedConfig, least: int) -> Offer:
    """Return what a family that learns from rewards offers with a config, where it compares at least so many episodes of a task."""
    biased = config.kl_in == "reward" and config.kl_estimator != "k1"
    warning = f"kl_estimator {config.kl_estimator!r} in the reward has not the gradient of the KL; only 'k1' has"
    return Offer(
        weight_schemes=WEIGHT_SCHEMES,
        warm_start=True,
        min_episodes_per_task=least,
        warnings=(warning,) if biased else (),
        exports=POLICY_FOLDER,
    )


def ppo_offer(config: PpoConfig) -> Offer:
    """Return what PPO offers with a config."""
    return rewarded_offer(config, 2 if config.skip_equal_groups else 1)


def _refuse_idle(config: RewardedConfig, names: tuple[str, ...], reason: str) -> None:
    fields = attrs.fields_dict(type(config))
    for name in names:
        value = getattr(config, name)
        if value != fields[name].default:
            raise ValueError(f"{name} is {value!r} and has no effect: {reason}")
