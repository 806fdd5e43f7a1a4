"""A healthy plugin: one component for each of four roles, one name in two of them, a language and a model that is made."""

import attrs

from rlef_core import Health, Language, MadeModel, Metric, Offer, Tool, component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


@attrs.frozen
class PatienceConfig:
    steps: int = setting(help="how long it waits", unit="s")
    inner: Config = setting(Config(), help="a block of its own")


@hookimpl
def rlef_register_policies():
    yield component(name="greeter", summary="says hello", config=Config, build=lambda config, context: None)


@hookimpl
def rlef_register_executors():
    return [
        component(
            name="greenhouse",
            summary="keeps programs in",
            config=Config,
            build=lambda config, context: None,
            offers=lambda config: Offer(isolation=("network", "files"), warnings=("it is warm inside",)),
            metrics=[Metric("executor/warmth", "K", "how warm it is inside")],
        )
    ]


@hookimpl
def rlef_register_feedback_formatters():
    return (component(name="greeter", summary="says hello again", config=Config, build=lambda config, context: None),)


@hookimpl
def rlef_register_tasksets():
    return [component(name="queue", summary="tasks that wait", config=PatienceConfig, build=lambda config, context: None)]


@hookimpl
def rlef_register_languages():
    tool = Tool("hello", ("hello-2", "hello"), debian_package="hello-lang")
    return [Language("hello", source_name="main.hello", run=("{hello}", "{source}"), tools=(tool,), fences=("hello",))]


@hookimpl
def rlef_register_models():
    return [MadeModel("greeter:parrot", "repeats what it hears", make=lambda cache, seed, progress: cache / f"parrot-{seed}")]


@hookimpl
def rlef_report_health():
    return [Health("hello", True, "/usr/bin/hello")]


@hookimpl
def rlef_run_finished(directory):
    (directory / "greeting").write_text("goodbye")
