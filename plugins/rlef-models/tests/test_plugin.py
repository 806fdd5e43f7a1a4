"""What the plugin reports, and how light it is to load."""

import subprocess
import sys

import pytest
import transformers

from rlef_models.plugin import rlef_report_health


def test_the_version_of_transformers_is_reported() -> None:
    (found,) = [finding for finding in rlef_report_health() if finding.name == "transformers"]
    assert (found.works, found.found) == (True, transformers.__version__)


@pytest.mark.parametrize(
    ("offline", "told"), [("1", "HF_HUB_OFFLINE=1: hub names are looked up in the local cache only"), ("", "asked for")]
)
def test_whether_the_hub_is_asked_is_reported(offline: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    (found,) = [finding for finding in rlef_report_health() if finding.name == "hub"]
    assert told in found.found


def test_loading_the_plugin_is_light() -> None:
    code = "import sys, rlef_models.plugin as p; list(p.rlef_report_health()); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers"} & set(loaded)
