"""The jobs of docs/jobs do what they say, with Slurm's own commands and rlef-core played by scripts; the image installs what there is."""

import os
import re
import signal
import subprocess
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
JOBS = REPOSITORY / "docs" / "jobs"
SCRIPTS = sorted(JOBS.glob("*.sbatch"))
PLAYED = {
    "rlef-core": (
        '#!/bin/bash\necho "rlef-core $*" >> calls\n'
        '[ "$1" != run ] || [ -z "${SLOW:-}" ] || { trap "exit 130" TERM; sleep 20 & wait $!; }\n'
    ),
    "scontrol": '#!/bin/bash\n[ "$1" = requeue ] && echo "scontrol $*" >> calls || printf "%s\\n" node01 node02 node03\n',
}

pytestmark = pytest.mark.repository


def test_there_are_jobs() -> None:
    assert [script.name for script in SCRIPTS] == ["one-node.sbatch", "several-nodes.sbatch"]


def started(script: Path, folder: Path, **more: str) -> subprocess.Popen[bytes]:
    for name, text in PLAYED.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    variables: Mapping[str, str] = {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "SLURM_JOB_ID": "17",
        "SLURM_JOB_NODELIST": "node[01-03]",
        **more,
    }
    return subprocess.Popen(["bash", script, "spec.yaml", "runs/one"], cwd=folder, env=variables)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_job_asks_slurm_for_machines_it_can_be_queued_on_again(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    options = re.findall(r"^#SBATCH --([\w-]+)(?:=(.*))?$", script.read_text(), re.MULTILINE)
    assert {("gpus-per-node", "8"), ("requeue", ""), ("signal", "B:TERM@600"), ("exclusive", "")} <= set(options)


def test_one_machine_checks_and_runs_and_a_job_that_comes_again_resumes(tmp_path: Path) -> None:
    assert started(JOBS / "one-node.sbatch", tmp_path).wait() == 0
    first = ["rlef-core check spec.yaml --memory", "rlef-core run spec.yaml --set run.directory=runs/one"]
    assert calls(tmp_path) == first
    (tmp_path / "runs/one/checkpoints/.0.partial").mkdir(parents=True)
    (tmp_path / "runs/one/plan.json").touch()
    assert started(JOBS / "one-node.sbatch", tmp_path).wait() == 0
    assert calls(tmp_path)[2:] == first, "it was ended before its first checkpoint: `resume` would refuse it"
    (tmp_path / "runs/one/checkpoints/0").mkdir()
    (tmp_path / "runs/one/checkpoints/0/manifest.json").touch()
    assert started(JOBS / "one-node.sbatch", tmp_path).wait() == 0
    assert calls(tmp_path)[4:] == ["rlef-core check spec.yaml --memory", "rlef-core resume runs/one"]


def test_several_machines_give_the_ranks_all_but_the_first(tmp_path: Path) -> None:
    assert started(JOBS / "several-nodes.sbatch", tmp_path).wait() == 0
    hosts = tmp_path / "hosts-17"
    assert hosts.read_text() == "node02 slots=8\nnode03 slots=8\n"
    ranks = f"--set optimizer.hostfile={hosts} --set optimizer.world_size=16"
    assert calls(tmp_path) == [
        f"rlef-core check spec.yaml --memory {ranks}",
        f"rlef-core run spec.yaml --set run.directory=runs/one {ranks}",
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_slurm_s_signal_ends_the_run_and_queues_the_job_again(script: Path, tmp_path: Path) -> None:
    job = started(script, tmp_path, SLOW="yes")
    until = time.monotonic() + 20
    while not (tmp_path / "calls").exists() or not any(call.startswith("rlef-core run") for call in calls(tmp_path)):
        assert time.monotonic() < until, "the job did not start its run"
        time.sleep(0.05)
    time.sleep(0.2)  # the trap is set right after the run is started
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=20) == 0
    assert calls(tmp_path)[-1] == "scontrol requeue 17"


def test_the_image_installs_distributions_that_are_there_as_another_user_than_root() -> None:
    lines = re.sub(r"\\\n", " ", (JOBS / "Dockerfile").read_text()).splitlines()
    words = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert words[0] == "FROM"
    assert set(words) <= {"FROM", "RUN", "ENV", "COPY", "WORKDIR", "USER", "ENTRYPOINT"}
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")
    install = next(line for line in lines if line.startswith("RUN pip install"))
    for name, extra in re.findall(r"\./plugins/([\w-]+)(?:\[(\w+)\])?", install):
        project = tomllib.loads((REPOSITORY / "plugins" / name / "pyproject.toml").read_text())["project"]
        assert project["name"] == name
        assert not extra or extra in project["optional-dependencies"]
