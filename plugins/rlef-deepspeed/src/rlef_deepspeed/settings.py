"""Write DeepSpeed's settings of one engine from the optimizer's."""

from typing import Any

from rlef_deepspeed.config import DeepSpeedPpoConfig

BUCKET = 50_000_000
"""Elements of the gradients that ranks exchange at once; the buffer is held while an engine lives."""
PERSISTENT_WIDTHS = 10
"""ZeRO 3 keeps weights of up to so many times the model's width, such as those of norms, whole on every rank."""


def engine_settings(config: DeepSpeedPpoConfig, width: int, *, on_gpu: bool) -> dict[str, Any]:
    """Return the settings of an engine whose model has such a width."""
    zero: dict[str, Any] = {"stage": config.zero_stage, "reduce_bucket_size": BUCKET}
    if config.zero_stage == 3:
        zero["stage3_param_persistence_threshold"] = PERSISTENT_WIDTHS * width
    if config.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": on_gpu}
    return {
        # micro-batches are ours: their gradients are added, and the boundary is told at each
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": config.max_gradient_norm if config.zero_stage else 0.0,
        "zero_optimization": zero,
        "zero_force_ds_cpu_optimizer": False,
        "steps_per_print": None,
        **_precision(config),
    }


def _precision(config: DeepSpeedPpoConfig) -> dict[str, Any]:
    sums = {"data_types": {"grad_accum_dtype": "fp32"}}
    match config.dtype:
        case "bfloat16":
            return {"bf16": {"enabled": True, "check_grad_overflow": True}, **sums}
        case "float16":
            return {"fp16": {"enabled": True}, **sums}
        case _:
            return {}
