"""Set up the policy: every setting with its default and help text, and its metrics."""

from collections.abc import Mapping

from attrs import frozen

from rlef_core import ByteSize, Metric, not_negative, one_of, positive, positive_share, setting

SCHEMES = ("shm", "file", "ipc", "nccl", "gloo")
"""How weights can come to the engines; which one, `transfer` says."""
KEPT = frozenset({"shm", "file"})
"""Schemes whose publication can be read again, for an engine that is started anew."""
CPU_CACHE_BYTES = 1_000_000_000
"""Memory for keys and values on a CPU, unless the spec says: vLLM would take nine tenths of the machine."""


@frozen
class VllmConfig:
    """Settings of the policy `vllm`."""

    transfer: str = setting(
        "shm",
        help="how new weights come to the engine: shm (memory of this machine), file (the run's directory), ipc (the same GPU), "
        "nccl (other GPUs), gloo (as nccl, between CPUs)",
        validator=one_of(*SCHEMES),
        resumable=True,
    )
    replicas: int = setting(1, help="engines, each with a copy of the model; an episode stays with one", validator=positive, resumable=True)
    tensor_parallel: int = setting(
        1, help="GPUs (on a CPU: processes) that share every layer of one copy", validator=positive, resumable=True
    )
    pipeline_parallel: int = setting(1, help="groups of those, each with some of the layers", validator=positive, resumable=True)
    data_parallel: int = setting(1, help="copies within one engine", validator=positive, resumable=True)
    kv_cache_bytes: ByteSize | None = setting(
        None,
        help="memory for keys and values on each device; without, gpu_memory_utilization decides, and on a CPU it is 1GB",
        resumable=True,
    )
    gpu_memory_utilization: float = setting(
        0.9,
        help="share of a GPU's memory for weights, keys and values; without kv_cache_bytes, and not on a CPU",
        validator=positive_share,
        resumable=True,
    )
    batch_size: int = setting(256, help="answers sampled at once by one copy", validator=positive, resumable=True)
    prefill_tokens: int = setting(
        8192,
        help="most tokens of one step, prompts included; at least model.max_length is taken",
        unit="tokens",
        validator=positive,
        resumable=True,
    )
    prefix_caching: bool = setting(True, help="keep the keys and values of a turn for the next", resumable=True)
    eager: bool = setting(False, help="do not compile the model: quicker to start, slower to sample", resumable=True)
    verify_bound: float = setting(
        0.05,
        help="how far a log-prob may be from the optimizer's after a load, before the load counts as failed; a tenth of it in float32",
        unit="nats",
        validator=positive,
        resumable=True,
    )
    request_timeout: float = setting(
        600.0, help="seconds after which an answer counts as lost", unit="s", validator=positive, resumable=True
    )
    restarts: int = setting(3, help="times that an engine which died is started again in a run", validator=not_negative, resumable=True)
    engine: Mapping[str, object] = setting(factory=dict, help="further arguments of vLLM's AsyncEngineArgs, by their names there")

    @property
    def devices(self) -> int:
        """Devices of one replica."""
        return self.tensor_parallel * self.pipeline_parallel * self.data_parallel


METRICS = (
    Metric("policy/kv_reuse_rate", "", "share of a request's prompt tokens whose keys and values were in the prefix cache"),
    Metric("policy/load_seconds", "s", "time of a load of weights, from the pause of the engine to the probe's answer"),
    Metric("policy/load_gap", "nats", "largest difference between the engine's log-probs and the optimizer's after a load, on its probe"),
    Metric("policy/engine_restarts", "restarts", "engines that died and were started again", total=True),
)
