"""What the workloads give and need by themselves."""

from rlef_core.bench.reference import floor, reference
from rlef_core.bench.workloads import Workload, workloads


def test_the_mix_has_ten_cases_with_ten_answers():
    mix = next(work for work in workloads() if work.name == "mix")
    found = reference(mix, rounds=2)
    assert len(set(found.outputs)) == len(mix.inputs) == 10
    assert reference(mix, rounds=2).outputs == found.outputs
    assert 0.05 < found.program_cpu_ms < found.own_cpu_ms < 50


def test_the_workloads_are_the_same_each_time():
    assert workloads() == workloads()


def test_own_time_is_of_the_programs_instructions_without_start_or_imports():
    burning = Workload("burning", "import json, time\nend = time.process_time() + 0.02\nwhile time.process_time() < end: pass", (b"",) * 2)
    found = reference(burning, rounds=2)
    assert 19 < found.program_cpu_ms < 30
    assert found.program_cpu_ms < found.own_cpu_ms < 60


def test_the_floor_is_above_nothing_and_below_an_interpreter():
    found = floor(20)
    assert 0 < found.cpu_ms < 10
    assert 0 < found.wall_ms < 100
