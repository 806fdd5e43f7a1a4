"""The page of a component or a language, as `plugins show` prints it."""

from collections.abc import Iterable, Iterator, Sequence

from rlef_core.errors import Origin
from rlef_core.metrics import Metric
from rlef_core.records import Tool
from rlef_core.registry import Offered, OfferedLanguage, OfferedModel, SettingInfo, settings_of, usual_offer
from rlef_core.roles import Offer


def component_page(offered: Offered, module: str) -> str:
    """Role, summary, where it comes from, every setting, its offer, its metrics."""
    component = offered.component
    return "\n".join(
        [
            f"{offered.origin.role} {component.name}: {component.summary}",
            _source(offered.origin, module),
            *_section("settings", _settings(settings_of(component.config))),
            *_section("offer, with its usual config", _offer(offered.origin.role, usual_offer(offered))),
            *_section("metrics", _metrics(component.metrics)),
        ]
    )


def language_page(offered: OfferedLanguage, module: str) -> str:
    """How a language's programs are built and run, and the tools that this takes."""
    language = offered.language
    return "\n".join(
        [
            f"language {language.name}: programs in {language.source_name}",
            _source(offered.origin, module),
            *_section("commands", [f"build: {' '.join(language.build) or 'nothing to build'}", f"run: {' '.join(language.run)}"]),
            *_section("fences", language.fences),
            *_section("tools", map(_tool, language.tools)),
        ]
    )


def model_page(offered: OfferedModel, module: str) -> str:
    """What is made, and how a spec asks for it."""
    model = offered.model
    return "\n".join(
        [
            f"model {model.name}: {model.summary}",
            _source(offered.origin, module),
            *_section("made on first use, by a spec's", [f'model: {{path: "{model.name}"}}']),
        ]
    )


def _source(origin: Origin, module: str) -> str:
    return f"  plugin {origin.plugin}, distribution {origin.distribution} {origin.version}, module {module}"


def _section(title: str, lines: Iterable[str]) -> Sequence[str]:
    return [f"  {title}", *(f"    {line}" for line in list(lines) or ["none"])]


def _settings(settings: Iterable[SettingInfo]) -> Iterator[str]:
    for setting in settings:
        default = "required" if setting.default is None else f"= {setting.default}"
        yield f"{setting.name}: {setting.type} {default}"
        yield f"    {setting.help}{setting.remark}"


def _offer(role: str, offer: Offer | None) -> Iterator[str]:
    if offer is None:
        yield "depends on the settings that are required"
        return
    if role == "executor":
        yield f"isolation: {', '.join(offer.isolation) or 'none'}"
        yield f"languages: {'any' if offer.languages is None else ', '.join(offer.languages)}"
    if role in ("policy", "optimizer"):
        yield f"weight schemes: {', '.join(offer.weight_schemes) or 'none'}"
        yield f"trainable: {'yes' if offer.trainable else 'no'}"
    if offer.unavailable is not None:
        yield f"unavailable: {offer.unavailable}"
    yield from (f"missing: {tool}" for tool in offer.missing)
    yield from (f"warning: {warning}" for warning in offer.warnings)


def _metrics(metrics: Iterable[Metric]) -> Iterator[str]:
    for metric in metrics:
        unit = f" [{metric.unit}]" if metric.unit else ""
        yield f"{metric.name}: {metric.summary}{unit}"


def _tool(tool: Tool) -> str:
    package = f" (Debian package {tool.debian_package})" if tool.debian_package else ""
    return f"{tool.name}: {' or '.join(tool.candidates)}{package}"
