"""Every command and code block of the documentation does what it says.

A page is read from top to bottom in one new folder, with `docs` in it and an environment of its own:

- ```bash: each line that starts with `$ ` is run; what follows it, if anything, is what it prints (`...` stands for any text)
- ```python: is run as a script, or as a doctest where it has `>>> `
- ```yaml: a spec with a name is checked; of a fragment, the keys are
- `<!-- file: PATH -->` before a block: the block is written to PATH instead
- `<!-- not run: REASON -->` before a block: the reason is printed
"""

import doctest
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from ruamel.yaml import YAML

import rlef_core
from rlef_core.spec.blocks import SpecBlock

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    str(page.relative_to(REPOSITORY))
    for pattern in ("*.md", "docs/**/*.md", "plugins/*/*.md")
    for page in REPOSITORY.glob(pattern)
    if "reference" not in page.parts
)
BLOCK = re.compile(r"(?:^<!-- (file|not run): ([^\n]*) -->\n+)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
NEVER_RUN = ("text", "toml", "json", "markdown")
SECONDS = 300

pytestmark = pytest.mark.repository


@attrs.frozen
class Block:
    """A fenced block, with the mark before it, if any."""

    page: str
    mark: str
    argument: str
    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    for found in BLOCK.finditer((REPOSITORY / page).read_text(encoding="utf-8")):
        yield Block(page, found[1] or "", found[2] or "", found[3], found[4])


@pytest.fixture
def workspace(tmp_path):
    """A folder with `docs` in it, and an environment that sees this one's packages and takes more."""
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    environment = tmp_path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    outer = sysconfig.get_path("purelib")
    inner = sysconfig.get_path("purelib", vars={"base": str(environment)})
    Path(inner, "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n", encoding="utf-8")
    for name, call in (
        ("rlef-core", "from rlef_core.cli import main; main()"),
        ("pip", "from pip._internal.cli.main import main; raise SystemExit(main())"),
    ):
        script = environment / "bin" / name
        script.write_text(f"#!{environment}/bin/python\n{call}\n")
        script.chmod(0o755)
    return tmp_path


def variables(workspace: Path) -> dict[str, str]:
    path = os.pathsep.join((str(workspace / ".venv" / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]))
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "HF_HUB_OFFLINE": "1"}
    return {**os.environ, **offline, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}


def output(arguments: list[str], workspace: Path) -> str:
    done = subprocess.run(
        arguments,
        cwd=workspace,
        env=variables(workspace),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def run_commands(block: Block, workspace: Path) -> None:
    commands = COMMAND.findall(block.text)
    assert commands, f"a bash block of {block.page} has no line that starts with `$ `:\n{block.text}"
    for command, wanted in commands:
        got = output(["bash", "-euo", "pipefail", "-c", command], workspace)
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert not wanted.strip() or doctest.OutputChecker().check_output(wanted, got, flags), f"$ {command}\n{got}\nis not\n{wanted}"


def run_python(block: Block, workspace: Path) -> None:
    script = workspace / "block.py"
    script.write_text(block.text, encoding="utf-8")
    output([str(workspace / ".venv/bin/python"), *(["-m", "doctest"] if ">>> " in block.text else []), str(script)], workspace)


def check_yaml(block: Block, workspace: Path) -> None:
    data = YAML(typ="safe").load(block.text)
    unknown = set(data) - {field.name for field in attrs.fields(SpecBlock)}
    assert not unknown, f"{unknown} are no keys of a spec:\n{block.text}"
    if "name" in data:
        spec = workspace / "block.yaml"
        spec.write_text(block.text, encoding="utf-8")
        rlef_core.check(spec)


def write_file(block: Block, workspace: Path) -> None:
    path = workspace / block.argument
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_does_what_it_says(page, workspace, capsys):
    act = {"bash": run_commands, "python": run_python, "yaml": check_yaml}
    for block in blocks(page):
        if block.mark == "not run":
            with capsys.disabled():
                print(f"\n{page}: not run: {block.argument}: {block.text.splitlines()[0]}")
        elif block.mark == "file":
            write_file(block, workspace)
        elif block.language not in NEVER_RUN:
            assert block.language in act, f"{page} has a block of {block.language!r}, expected one of {[*act, *NEVER_RUN]}:\n{block.text}"
            act[block.language](block, workspace)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    targets = LINK.findall((REPOSITORY / page).read_text(encoding="utf-8"))
    assert [target for target in targets if not (REPOSITORY / page).parent.joinpath(target).exists()] == []


def test_every_page_can_be_reached_from_the_readme():
    reached, todo = set(), {REPOSITORY / "README.md"}
    while todo:
        page = todo.pop()
        reached.add(page)
        found = {page.parent.joinpath(target).resolve() for target in LINK.findall(page.read_text(encoding="utf-8"))}
        todo |= {target for target in found if target.suffix == ".md"} - reached
    assert sorted(str(page.relative_to(REPOSITORY)) for page in set((REPOSITORY / "docs").rglob("*.md")) - reached) == []
