"""Offers an executor, a language and a model under names that another offers too (two)."""

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
        component(name="jail", summary="jail number two", config=Config, build=build, offers=offers),
        component(name="jail-two", summary="nobody else's", config=Config, build=build),
    ]


@hookimpl
def rlef_register_languages():
    return [Language("whisper", source_name="main.w", run=("{source}",), tools=())]


@hookimpl
def rlef_register_models():
    return [MadeModel("jail:bird", "number two", make=lambda cache, seed, progress: cache)]
