"""Set up the policy: every setting with its default and help text, and its metrics."""

from attrs import frozen

from rlef_core import ByteSize, Metric, not_negative, positive, setting


@frozen
class TransformersConfig:
    """Settings of the policy `transformers`."""

    batch_size: int = setting(256, help="answers sampled at once", validator=positive, resumable=True)
    prefill_tokens: int = setting(
        16384, help="most prompt tokens computed at once, padding included", unit="tokens", validator=positive, resumable=True
    )
    join_every: int = setting(
        8, help="decoding steps between two moments at which waiting requests join the batch", validator=positive, resumable=True
    )
    cache_bytes: ByteSize = setting(
        ByteSize(2_000_000_000),
        help="memory for the KV caches of episodes between their turns; 0 keeps none",
        validator=not_negative,
        resumable=True,
    )


POLICY_METRICS = (
    Metric("policy/tokens_per_second", "tokens/s", "tokens sampled over the engine's busy time, while a request was answered"),
    Metric("policy/batch_size", "answers", "mean batch that a request was sampled in"),
    Metric("policy/kv_reuse_rate", "", "share of a request's prompt tokens whose keys and values were kept from earlier turns"),
    Metric("policy/kv_evictions", "caches", "KV caches given up for want of memory", total=True),
)
