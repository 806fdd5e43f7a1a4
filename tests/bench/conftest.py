"""What the tests of the benches of a spec share."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main
from rlef_core.registry import discover

PLUGINS = Path(__file__).parents[1] / "plugins"

SPEC = """\
name: paces
run: {{directory: {directory}}}
plugins: {{load: [playground, pacemaker], block: {others}}}
tasks: {{train: {{use: adding}}}}
policy: {{use: paced}}
executor: {{use: unsafe-subprocess}}
feedback: {{use: failing-cases}}
rewards: [{{use: rlef}}]
optimizer: {{use: pacing}}
training: {{updates: 1, episodes_per_collection: 4, sequences_per_update: 4}}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec of components of a known pace, beside no baselines but theirs; temporary folders go below the test's own."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    others = [plugin.name for plugin in discover().plugins if plugin.distribution != "rlef-core"]
    path = tmp_path / "paces.yaml"
    path.write_text(SPEC.format(directory=tmp_path / "run", others=others))
    return path


@pytest.fixture
def bench() -> Callable[..., Result]:
    """Run a bench."""
    return lambda *words: CliRunner().invoke(main, ["bench", *map(str, words)])
