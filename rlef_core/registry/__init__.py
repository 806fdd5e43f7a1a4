"""Find out which plugins are installed, what they offer, and which of them cannot be used and why."""

from rlef_core.misses import did_you_mean
from rlef_core.registry.discovery import discover
from rlef_core.registry.health import probed
from rlef_core.registry.offers import Offered, OfferedLanguage, OfferedModel, offer_of, usual_config, usual_offer
from rlef_core.registry.plugins import PluginInfo
from rlef_core.registry.registry import Registry
from rlef_core.registry.settings import SettingInfo, settings_of

__all__ = [
    "Offered",
    "OfferedLanguage",
    "OfferedModel",
    "PluginInfo",
    "Registry",
    "SettingInfo",
    "did_you_mean",
    "discover",
    "offer_of",
    "probed",
    "settings_of",
    "usual_config",
    "usual_offer",
]
