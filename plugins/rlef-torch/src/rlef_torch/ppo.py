"""The optimizer `ppo`: RLEF's PPO, a clipped policy loss beside a critic with a value for each turn (paper, section 2.2)."""

from rlef_core import Context
from rlef_torch.clipped import learner_of
from rlef_torch.families import PpoConfig
from rlef_torch.parts import Parts
from rlef_torch.rewarded import RewardedLearner


def make_ppo(path: str, config: PpoConfig, context: Context) -> RewardedLearner:
    """Return a learner over three copies of a resolved path's weights: the policy, the critic's body, the frozen reference."""
    parts = Parts(path, config, context)
    policy, critic, reference = parts.policy(), parts.critic(), parts.reference()
    return learner_of(
        config,
        policy=policy,
        policy_stepper=parts.stepper(policy.model, policy.logprobs),
        critic_stepper=parts.stepper(critic, critic, config.critic_learning_rate),
        reference=reference.logprobs,
        fixed=(reference.model,),
        updater=parts.updater,
    )
