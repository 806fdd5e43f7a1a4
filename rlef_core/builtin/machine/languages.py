"""Tell whether the tools of a language are there."""

from rlef_core import Health, Language
from rlef_core.sandbox import tools


def toolchain(language: Language) -> Health:
    """Where each tool lies; a note where one is absent, for most runs play one language."""
    absent = tools.absent(language)
    if not absent:
        return Health(f"language {language.name!r}", True, ", ".join(tools.paths(tool)[0] for tool in language.tools))
    found = ", ".join(f"{tool.name} is not there" for tool in absent)
    return Health(f"language {language.name!r}", False, found, "; ".join(map(tools.advice, absent)), needed=False)
