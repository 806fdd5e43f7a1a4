"""Write down what every rank builds itself from: plain data, the same for a rank inside of the driver and for one far away."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from attrs import evolve, frozen
from cattrs.preconf.json import make_converter

from rlef_core import Context, ModelSpec, PluginError
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_models.model import resolve

NAME = "deepspeed-ppo"
_DISTRIBUTIONS = ("rlef-core", "rlef-models", "rlef-torch", "rlef-deepspeed", "deepspeed", "torch", "transformers")


@frozen
class Recipe:
    """What a rank needs to know. `model.path` is resolved; `directory` is the optimizer's own in the run's directory.

    `critic_seed` draws the critic's head, `probe_seed` the ids that loaded weights are verified by.
    """

    model: ModelSpec
    config: DeepSpeedPpoConfig
    directory: Path
    devices: tuple[str, ...]
    threads: int
    sequences_per_update: int
    critic_seed: int
    probe_seed: int
    versions: Mapping[str, str]

    @classmethod
    def of(cls, config: DeepSpeedPpoConfig, context: Context) -> "Recipe":
        """Return the recipe of a component that is being built. Raises ModelError when the context's model cannot be used."""
        path = resolve(context.model)
        assert context.model is not None  # resolve() has refused it
        return cls(
            model=evolve(context.model, path=path),
            config=config,
            directory=context.directory / "components" / NAME,
            devices=tuple(context.devices),
            threads=context.threads,
            sequences_per_update=context.sequences_per_update,
            critic_seed=context.seed("critic"),
            probe_seed=context.seed("probe"),
            versions=_versions(),
        )

    def to_json(self) -> str:
        return make_converter().dumps(self)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Return what `to_json` wrote. Raises PluginError where other versions are installed here than there."""
        recipe = make_converter().loads(text, cls)
        here = _versions()
        other = [f"{name} is {here[name]} here, {there} there" for name, there in recipe.versions.items() if here[name] != there]
        if other:
            raise PluginError(f"this rank has other versions than the driver: {'; '.join(other)}; install the same on every machine")
        return recipe


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _DISTRIBUTIONS}
