"""The model that a policy and an optimizer are given alike."""

from collections.abc import Mapping

from attrs import frozen

from rlef_core.settings import not_negative, one_of, positive, setting


@frozen
class ModelSpec:
    """The spec's `model:` block."""

    path: str = setting(help="a folder, a hub name, or the name of a model that a plugin makes on first use, such as tiny:programs")
    dtype: str = setting("auto", help="dtype of the policy's weights", validator=one_of("auto", "float32", "bfloat16", "float16"))
    max_length: int = setting(4096, help="longest conversation", unit="tokens", validator=positive)
    template: Mapping[str, str] = setting(
        factory=dict, help="fixed arguments of the chat template, for example a date_string that would be today's date otherwise"
    )
    seed: int = setting(0, help="seed of whatever is made when `path` names a model to make", validator=not_negative)
