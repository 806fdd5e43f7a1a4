"""Offers an executor, a language and a model under names that another offers too (one)."""

import attrs

from rlef_core import Language, MadeModel, Offer, component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


def offers(config):
    return Offer(isolation=("files",))


def build(config, context):
    return None


@hookimpl
def rlef_register_executors():
    return [
        component(name="jail", summary="jail number one", config=Config, build=build, offers=offers),
        component(name="jail-one", summary="nobody else's", config=Config, build=build),
    ]


@hookimpl
def rlef_register_languages():
    return [Language("whisper", source_name="main.w", run=("{source}",), tools=())]


@hookimpl
def rlef_register_models():
    return [MadeModel("jail:bird", "number one", make=lambda cache, seed, progress: cache)]
