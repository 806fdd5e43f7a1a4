"""Set up the policy and the optimizer: every setting with its default and help text."""

from typing import Literal

from attrs import frozen

from rlef_core import ByteSize, Metric, not_negative, positive, setting, share


@frozen
class TransformersConfig:
    """Settings of the policy `transformers`."""

    batch_size: int = setting(256, help="answers sampled at once", validator=positive)
    prefill_tokens: int = setting(16384, help="most prompt tokens computed at once, padding included", unit="tokens", validator=positive)
    join_every: int = setting(8, help="decoding steps between two moments at which waiting requests join the batch", validator=positive)
    cache_bytes: ByteSize = setting(
        ByteSize(2_000_000_000), help="memory for the KV caches of episodes between their turns; 0 keeps none", validator=not_negative
    )


@frozen
class PpoConfig:
    """Settings of the optimizer `ppo`; the defaults are the paper's where it gives any."""

    learning_rate: float = setting(2e-7, help="AdamW's step size for the policy, after warm-up", validator=positive)
    critic_learning_rate: float | None = setting(None, help="the same for the critic; the policy's unless set", validator=positive)
    weight_decay: float = setting(0.1, help="AdamW's decoupled weight decay", validator=not_negative)
    warmup_updates: int = setting(
        50, help="updates over which a step size rises linearly; the policy's come after critic_warmup_updates", validator=not_negative
    )
    critic_warmup_updates: int = setting(0, help="first updates that train the critic alone", validator=not_negative)
    passes: int = setting(1, help="times that every trajectory of a collection is learned from", validator=positive)
    kl_coefficient: float = setting(0.05, help="weight of the KL penalty in the reward", validator=not_negative)
    gamma: float = setting(1.0, help="discount from one turn to the next", validator=share)
    credit: Literal["turn", "token", "episode"] = setting("turn", help="what gets a value and an advantage of its own")
    importance: Literal["current", "old"] = setting(
        "current", help="policy in the truncated importance weight: the current one, as the paper prints it, or the collecting one"
    )
    clip_low: float = setting(0.2, help="how far below 1 a token's ratio is followed", validator=share)
    clip_high: float = setting(0.2, help="how far above 1 a token's ratio is followed", validator=not_negative)
    value_clip: float = setting(0.2, help="how far a value is followed from its old one", validator=positive)
    value_coefficient: float = setting(
        1.0, help="factor of the value loss; AdamW undoes it, so it only sets how soon max_gradient_norm binds", validator=positive
    )
    max_gradient_norm: float = setting(1.0, help="gradients of the policy, and of the critic, are scaled to this norm", validator=positive)
    micro_batch_tokens: int = setting(
        16384, help="most tokens of one forward pass, padding included; changes no result", validator=positive
    )
    logprob_chunk_tokens: int = setting(1024, help="tokens whose logits stand in memory at once; changes no result", validator=positive)
    gradient_checkpointing: bool = setting(False, help="compute activations twice to hold fewer of them")
    dtype: Literal["float32", "bfloat16"] = setting("float32", help="dtype of matrix products; weights are kept in float32")


POLICY_METRICS = (
    Metric("policy/tokens_per_second", "tokens/s", "tokens sampled over the engine's busy time, while a request was answered"),
    Metric("policy/batch_size", "answers", "mean batch that a request was sampled in"),
    Metric("policy/kv_reuse_rate", "", "share of a request's prompt tokens whose keys and values were kept from earlier turns"),
    Metric("policy/kv_evictions", "caches", "KV caches given up for want of memory", total=True),
)

OPTIMIZER_METRICS = (
    Metric("optimizer/policy_loss", "", "mean clipped surrogate loss over tokens"),
    Metric("optimizer/value_loss", "", "mean clipped value loss over value positions"),
    Metric("optimizer/kl", "nats", "mean over turns of the mean-token KL to the initial policy"),
    Metric("optimizer/entropy", "nats", "mean entropy of the policy at sampled tokens"),
    Metric("optimizer/drift", "nats", "KL of the policy from the one that collected, estimated over the updates (k3)"),
    Metric("optimizer/clip_share", "", "share of tokens whose gradient the policy clip removes"),
    Metric("optimizer/value_clip_share", "", "share of values whose gradient the value clip removes"),
    Metric("optimizer/policy_gradient_norm", "", "norm of the policy's gradient before it is scaled"),
    Metric("optimizer/critic_gradient_norm", "", "norm of the critic's gradient before it is scaled"),
    Metric("optimizer/explained_variance", "", "share of the returns' variance that the values explain before the updates"),
    Metric("optimizer/importance_weight", "", "mean truncated importance weight"),
    Metric("optimizer/return", "", "mean return, KL penalty included"),
    Metric("optimizer/value", "", "mean value before the updates"),
    Metric("optimizer/parity_mean", "nats", "mean distance of the trainer's log-probs from the sampler's"),
    Metric("optimizer/parity_max", "nats", "greatest distance of the trainer's log-probs from the sampler's"),
    Metric("optimizer/padding_share", "", "share of padding in the micro-batches"),
    Metric("optimizer/learning_rate", "", "the policy's step size in the last update"),
    Metric("optimizer/tokens_per_second", "tokens/s", "tokens of the collection over the time of its updates, scoring included"),
)
