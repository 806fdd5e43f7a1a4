"""Offer the policy `openai` to rlef-core; the client is imported when the policy is built."""

import os
from collections.abc import Iterable

from rlef_core import Component, Context, Offer, Policy, UsageError, component, hookimpl
from rlef_openai.config import OpenaiConfig


def build(config: OpenaiConfig, context: Context) -> Policy:
    """Make the client; nothing is sent yet. Raises UsageError for a missing API key, and for a `model:` block, which nobody would read."""
    from rlef_openai.policy import OpenaiPolicy
    from rlef_openai.server import Server

    if context.model is not None:
        raise UsageError(
            f"the spec's 'model' block ({context.model.path!r}) has no effect on a model that a server serves: leave it out; "
            "policy.model names the model, and the server's own settings bound its context"
        )
    return OpenaiPolicy(Server(config, _api_key(config.api_key_env)), config)


def offers(config: OpenaiConfig) -> Offer:
    """It takes no weights; an API key that is not there yet is only a warning, for the run may be elsewhere."""
    lacks = config.api_key_env is not None and not os.environ.get(config.api_key_env)
    return Offer(trainable=False, warnings=(f"environment variable {config.api_key_env!r} is not set here",) if lacks else ())


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UsageError(f"policy.api_key_env names environment variable {variable!r}, which is not set or empty: put the API key into it")
    return key


@hookimpl
def rlef_register_policies() -> Iterable[Component[Policy]]:
    """Offer `openai`."""
    return [
        component(
            name="openai",
            summary="any model behind a server of OpenAI's chat completions, to measure; cannot train",
            config=OpenaiConfig,
            build=build,
            offers=offers,
        )
    ]
