"""Start one engine of vLLM's, quietly, and say in one line why it did not start."""

import contextlib
import multiprocessing
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import psutil
from attrs import field, frozen
from vllm.config import WeightTransferConfig
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.platforms import current_platform
from vllm.v1.engine.async_llm import AsyncLLM

from rlef_core import RlefError, UsageError
from rlef_vllm.config import CPU_CACHE_BYTES, VllmConfig
from rlef_vllm.environment import environment, quiet
from rlef_vllm.inside import BACKEND, DRIVER, LOG

CPU_BLOCK = 32
"""Tokens of the prefix cache's blocks on a CPU, where vLLM would take 128: only whole blocks are kept, and turns are often shorter."""
VISIBLE = "CUDA_VISIBLE_DEVICES"


class EngineError(RlefError):
    """An engine cannot be started, or has died for good; the message names the setting to change."""


@frozen
class Launch:
    """Everything that an engine is started with; it can be started again."""

    path: str
    dtype: str
    longest: int
    seed: int
    devices: tuple[str, ...]
    threads: int
    log: Path
    config: VllmConfig
    turn: Lock = field(factory=Lock, eq=False, repr=False)
    """Held while an engine starts, for the environment is the whole process's; replicas share it."""

    def start(self) -> AsyncLLM:
        """Start the engine's processes and wait until they are ready. Raises EngineError."""
        before = written(self.log)
        with self.turn, environment(self._variables()):
            try:
                return AsyncLLM.from_engine_args(self.arguments())
            except Exception as error:  # of whatever library; the engine's own processes say more in their log
                raise EngineError(reason(error, self.log, before)) from error

    def arguments(self) -> AsyncEngineArgs:
        """vLLM's own form of the settings. Raises UsageError for an argument that vLLM does not know."""
        config = self.config
        given: dict[str, Any] = {
            "model": self.path,
            "dtype": self.dtype,
            "seed": self.seed,
            "max_model_len": self.longest,
            "tensor_parallel_size": config.tensor_parallel,
            "pipeline_parallel_size": config.pipeline_parallel,
            "data_parallel_size": config.data_parallel,
            "kv_cache_memory_bytes": config.kv_cache_bytes or (None if self.on_gpu else CPU_CACHE_BYTES),
            "gpu_memory_utilization": config.gpu_memory_utilization,
            "max_num_seqs": config.batch_size,
            "max_num_batched_tokens": max(config.prefill_tokens, self.longest),
            "enable_prefix_caching": config.prefix_caching,
            "block_size": None if self.on_gpu else CPU_BLOCK,
            # vLLM takes the draw of a prompt's part back from the request's generator, which none of a CPU can, and dies of it
            "enable_chunked_prefill": self.on_gpu,
            "enforce_eager": config.eager,
            "enable_sleep_mode": self.on_gpu,
            "logprobs_mode": "processed_logprobs",  # of the distribution really sampled
            "skip_tokenizer_init": True,
            "generation_config": "vllm",  # the spec alone says how to sample
            "weight_transfer_config": WeightTransferConfig(backend=BACKEND),
            "disable_log_stats": True,
        }
        try:
            return AsyncEngineArgs(**given | dict(config.engine))
        except TypeError as error:
            raise UsageError(f"policy.engine holds an argument that vLLM's AsyncEngineArgs does not take: {error}") from error

    @property
    def on_gpu(self) -> bool:
        """The engine has GPUs: those that it was given, or what vLLM finds."""
        return any(device.startswith("cuda") for device in self.devices) or current_platform.is_cuda_alike()

    @property
    def verify_bound(self) -> float:
        """How far the engine's log-probs may be from the optimizer's, in nats."""
        return self.config.verify_bound / (10 if self.dtype == "float32" else 1)

    def _variables(self) -> Mapping[str, str]:
        variables = {
            DRIVER: str(os.getpid()),
            **quiet(self.log),
            "OMP_NUM_THREADS": str(self.threads),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # cores are shared with the optimizer and the sandbox
            "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a forked process would never call inside.prepare, and this one has threads
        }
        if self.devices:
            variables[VISIBLE] = visible(self.devices, os.environ.get(VISIBLE))
        return variables


def visible(devices: Sequence[str], already: str | None) -> str:
    """What CUDA_VISIBLE_DEVICES says to an engine that is given `devices`, which are counted among those `already` visible.

    Raises EngineError for a device that is not among them.
    """
    numbers = [int(device.removeprefix("cuda:")) for device in devices]
    if already is None:
        return ",".join(map(str, numbers))
    names = [name for name in already.split(",") if name]
    if max(numbers) >= len(names):
        raise EngineError(f"devices.policy has {max(numbers)}, expected less than {len(names)}, for {VISIBLE} is {already!r}")
    return ",".join(names[number] for number in numbers)


def processes(llm: AsyncLLM) -> list[psutil.Process]:
    """The processes of an engine, parents first."""
    manager, coordinator = llm.engine_core.resources.engine_manager, llm.engine_core.resources.coordinator
    found: list[psutil.Process] = []
    for process in (*(manager.processes if manager else ()), *((coordinator.proc,) if coordinator else ())):
        try:
            parent = psutil.Process(process.pid)
            found += [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def abandon(log: Path) -> None:
    """Kill the processes that write to `log`: a start that waits for them fails at once."""
    for child in multiprocessing.active_children():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(child.pid)
            if process.environ().get(LOG) == str(log):
                for each in (*process.children(recursive=True), process):
                    each.kill()


def written(log: Path) -> int:
    """How many bytes a log has."""
    return log.stat().st_size if log.exists() else 0


def reason(error: BaseException, log: Path, written: int = 0) -> str:
    """Why an engine did not start or died, as far as its log after `written` bytes tells, and the setting to change."""
    text = log.read_bytes()[written:].decode(errors="replace") if log.exists() else ""
    errors = _errors(text) or [f"{type(error).__name__}: {' '.join(str(error).split())}"]
    advice = next((advice for pattern, advice in _ADVICE if re.search(pattern, "\n".join(errors), re.IGNORECASE)), "see the log")
    return f"{errors[0][:300]}; {advice} (log: {log})"


_ADVICE = (
    (
        r"KV cache|kv-cache-memory|cache blocks",
        "give policy.kv_cache_bytes less than is free, but enough for model.max_length, or lower that",
    ),
    (r"desired (GPU|CPU) memory utilization|Free memory on device", "lower policy.gpu_memory_utilization, or give policy.kv_cache_bytes"),
    (
        r"out of memory|Cannot allocate memory|bad_alloc",
        "raise policy.tensor_parallel, or lower policy.batch_size or policy.kv_cache_bytes",
    ),
    (r"max_model_len|max seq len", "lower model.max_length"),
    (r"divisible by tensor parallel|tensor_parallel_size", "choose another policy.tensor_parallel"),
    (r"Model architectures .* not supported", "vLLM does not know this model: take policy: {use: transformers}"),
)


def _errors(text: str) -> list[str]:
    # the first error is the cause; those of the processes around it only say that it happened
    return re.findall(r"^(?:\(.*?\) )?(?:ERROR [^\]]*\] )?\s*((?:\w+\.)*\w*(?:Error|Exception): .+)$", text, re.MULTILINE)
