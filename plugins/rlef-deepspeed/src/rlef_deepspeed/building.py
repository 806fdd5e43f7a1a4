"""Build what a rank learns with: its models, the engines over them, and the learner over both."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from importlib import import_module

import attrs
import torch
from deepspeed.accelerator import get_accelerator
from torch import nn

from rlef_core import UsageError
from rlef_deepspeed.learning import Learning
from rlef_deepspeed.models import Models
from rlef_deepspeed.passes import Scoring
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.settings import engine_settings
from rlef_deepspeed.stepper import EngineStepper
from rlef_deepspeed.visiting import VisitingScorer
from rlef_models.model import load_tokenizer
from rlef_torch.actor import Actor, LogProbs
from rlef_torch.clipped import learner_of
from rlef_torch.critic import Critic
from rlef_torch.lessons import Lesson
from rlef_torch.pupil import Pupil
from rlef_torch.returns import Credit
from rlef_torch.rewarded import RewardedLearner
from rlef_torch.team import Team
from rlef_torch.updater import Updater


def build(recipe: Recipe, team: Team, device: torch.device) -> Learning:
    """Return what this rank learns with. Raises ModelError for an unusable model, UsageError for a dtype that the device lacks."""
    if recipe.config.dtype == "float16" and not get_accelerator().is_fp16_supported():
        raise UsageError(f"optimizer.dtype is 'float16', which DeepSpeed lacks on device {str(device)!r}; give bfloat16 or float32")
    models = Models(recipe, device, team)
    policy, critic = models.policy(), models.critic()
    steppers = _steppers(policy, critic, recipe, team, device)
    reference, fixed = _reference(models, policy, steppers["policy"])
    learner = learner_of(
        recipe.config,
        policy=policy,
        policy_stepper=steppers["policy"],
        critic_stepper=steppers["critic"],
        reference=reference,
        fixed=fixed,
        updater=partial(_updater, recipe, team, device),
    )
    if recipe.config.offload_reference:
        learner.scorer = _visited(learner, device)
    return Learning(learner, steppers, load_tokenizer(recipe.model.path), team, device)


def _reference(models: Models, policy: Actor, stepper: EngineStepper) -> tuple[LogProbs, tuple[nn.Module, ...]]:
    if models.recipe.config.lora_rank is not None:
        forward: LogProbs = import_module("rlef_deepspeed.adapters").WithoutAdapters(policy.model, stepper.forward)
        return forward, ()
    reference = models.reference()
    return reference.logprobs, (reference.model,)


def _visited(learner: RewardedLearner, device: torch.device) -> VisitingScorer:
    (visitor,) = learner.fixed
    visitor.to(torch.device("cpu"))
    fields = {field.name: getattr(learner.scorer, field.name) for field in attrs.fields(type(learner.scorer))}
    return VisitingScorer(**fields, visitor=visitor)


def _steppers(policy: Actor, critic: Critic, recipe: Recipe, team: Team, device: torch.device) -> dict[str, EngineStepper]:
    config = recipe.config
    width: int = critic.head.in_features
    make = partial(
        EngineStepper,
        settings=engine_settings(config, width, on_gpu=device.type == "cuda"),
        team=team,
        warmup=config.warmup_updates,
        weight_decay=config.weight_decay,
        max_norm=config.max_gradient_norm,
    )
    return {
        "policy": make(policy.model, Scoring(policy), learning_rate=config.learning_rate),
        "critic": make(critic, critic, learning_rate=config.critic_learning_rate or config.learning_rate),
    }


def _updater(recipe: Recipe, team: Team, device: torch.device, pupils: Mapping[str, Pupil[Lesson]], credit: Credit) -> Updater[Lesson]:
    config = recipe.config
    return Updater(
        pupils=pupils,
        device=device,
        passes=config.passes,
        sequences_per_update=recipe.sequences_per_update,
        micro_batch_tokens=config.micro_batch_tokens,
        span=lambda name: nullcontext(),
        credit=credit,
        team=team,
    )
