"""Look up what each optimizer measures, by family."""

from rlef_core import Metric

_KL_LOSS = Metric("optimizer/kl_loss", "nats", "mean KL over tokens as kl_estimator gives it, where kl_in is `loss`")

_STEPS = (
    Metric("optimizer/policy_loss", "", "mean loss of the policy: over tokens, or as `average` says; a KL in the loss included"),
    Metric("optimizer/entropy", "nats", "mean entropy of the policy at sampled tokens"),
    Metric("optimizer/policy_gradient_norm", "", "norm of the policy's gradient before it is scaled"),
    Metric("optimizer/padding_share", "", "share of padding in the micro-batches"),
    Metric("optimizer/learning_rate", "", "the policy's step size in the last update"),
    Metric("optimizer/left_out_share", "", "share of the collection's trajectories that the updates leave out"),
    Metric("optimizer/published_bytes", "bytes", "size of the published weights; absent with the scheme `memory`", total=True),
    Metric("optimizer/tokens_per_second", "tokens/s", "tokens of the collection over the time of its updates, scoring included"),
)

_REWARDED = (
    *_STEPS,
    Metric("optimizer/kl", "nats", "mean over turns of the mean-token KL to the initial policy (k1)"),
    Metric("optimizer/kl_coefficient", "", "weight of the KL penalty in this collection"),
    _KL_LOSS,
    Metric("optimizer/drift", "nats", "KL of the policy from the one that collected, estimated over the updates (k3)"),
    Metric("optimizer/importance_weight", "", "mean truncated importance weight"),
    Metric("optimizer/return", "", "mean return, a KL penalty in the reward included"),
    Metric("optimizer/parity_mean", "nats", "mean distance of the trainer's log-probs from the sampler's, where it had the same weights"),
    Metric("optimizer/parity_max", "nats", "greatest such distance"),
    Metric("optimizer/parity_share", "", "share of tokens with such a distance over `parity_bound`"),
)

_CLIPPED = Metric("optimizer/clip_share", "", "share of tokens whose gradient the policy clip removes")

PPO_METRICS = (
    *_REWARDED,
    _CLIPPED,
    Metric("optimizer/value_loss", "", "mean clipped value loss over value positions"),
    Metric("optimizer/value_clip_share", "", "share of values whose gradient the value clip removes"),
    Metric("optimizer/critic_gradient_norm", "", "norm of the critic's gradient before it is scaled"),
    Metric("optimizer/explained_variance", "", "share of the returns' variance that the values explain before the updates"),
    Metric("optimizer/value", "", "mean value before the updates"),
)
GRPO_METRICS = (*_REWARDED, _CLIPPED)
RLOO_METRICS = _REWARDED
SFT_METRICS = _STEPS
