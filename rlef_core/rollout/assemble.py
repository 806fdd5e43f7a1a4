"""Put an executor behind what every executor needs: repeats after a fault, and a memory of what was run before."""

from rlef_core.roles import Executor, MetricSink
from rlef_core.rollout.cached import Cached
from rlef_core.rollout.retrying import Retrying


def assemble_executor(executor: Executor, identity: str, retries: int, cache_bytes: int, metrics: MetricSink) -> Executor:
    """The executor with at most `retries` repeats a case and a cache of `cache_bytes` (0: none).

    `identity` tells executors apart whose results may differ: component, distribution, version and config.
    """
    retrying = Retrying(executor, retries, metrics) if retries else executor
    return Cached(retrying, identity, cache_bytes, metrics) if cache_bytes else retrying
