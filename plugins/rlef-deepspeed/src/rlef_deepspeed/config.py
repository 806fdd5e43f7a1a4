"""Set up `deepspeed-ppo`: the settings of `ppo`, and those of DeepSpeed and its ranks."""

from pathlib import Path
from typing import Literal

from attrs import frozen

from rlef_core import Metric, positive, setting
from rlef_torch.families import PpoConfig
from rlef_torch.metrics import PPO_METRICS


@frozen
class DeepSpeedPpoConfig(PpoConfig):
    """Settings of the optimizer `deepspeed-ppo`; those that `ppo` has too mean the same."""

    dtype: Literal["float32", "bfloat16", "float16"] = setting(  # type: ignore[assignment]  # wider than `ppo`'s: no engine of rlef-torch reads it
        "float32", help="dtype of weights and matrix products; below float32, DeepSpeed keeps float32 weights to step beside them"
    )
    world_size: int = setting(1, help="ranks that learn together; 1 learns inside of this process", validator=positive, resumable=True)
    zero_stage: Literal[0, 1, 2, 3] = setting(
        2, help="ZeRO stage: 1 parts the moments among ranks, 2 the gradients too, 3 the weights too", resumable=True
    )
    offload_optimizer: bool = setting(False, help="keep moments and float32 weights in the machine's memory, step there", resumable=True)
    offload_reference: bool = setting(
        False, help="keep the frozen reference in this machine's memory while it does not score", resumable=True
    )
    lora_rank: int | None = setting(
        None, help="learn adapters of this rank in place of all weights; the reference is the model without them", validator=positive
    )
    lora_alpha: float = setting(16.0, help="adapters count lora_alpha / lora_rank times", validator=positive)
    lora_targets: tuple[str, ...] = setting((), help="names of the linear layers that get adapters; all but the output layer unless set")
    hostfile: Path | None = setting(
        None,
        help="DeepSpeed's list of machines (`NAME slots=N` a line) to start the ranks on; this machine unless set",
        resumable=True,
    )
    timeout_seconds: float = setting(
        1800.0, help="how long a rank may keep the others waiting before the run ends", unit="s", validator=positive, resumable=True
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.lora_rank is None and (self.lora_targets or self.lora_alpha != 16.0):
            raise ValueError("lora_alpha and lora_targets have no effect without lora_rank, expected it too, or neither")
        if self.lora_rank is not None and self.offload_reference:
            raise ValueError("offload_reference has no effect with lora_rank, whose reference is the model without adapters; leave it out")
        if self.offload_optimizer and self.zero_stage == 0:
            raise ValueError("offload_optimizer has no effect with zero_stage 0, expected at least 1")
        if self.dtype != "float32" and self.zero_stage < 2:
            raise ValueError(f"dtype {self.dtype!r} keeps no float32 sums of gradients with zero_stage {self.zero_stage}, expected 2 or 3")
        if self.hostfile is not None and self.world_size == 1:
            raise ValueError("hostfile has no effect with world_size 1, expected at least 2")


METRICS = (
    *PPO_METRICS,
    Metric("optimizer/gather_seconds", "s", "time in which published weights were gathered from the ranks"),
    Metric("optimizer/skipped_steps", "steps", "steps that float16 skipped to lower its loss scale", total=True),
)
