"""Programs in C++, built and judged by real tools."""

import pytest

from rlef_core import CallCase, Limits, PluginError, ScriptCase, StdioCase
from rlef_core.builtin.cpp import LANGUAGE
from rlef_core.rollout.extract import extract

SUM = """
#include <cstdio>
int twice(int x) { return 2 * x; }
int main() { int a, b; if (std::scanf("%d %d", &a, &b) != 2) return 3; std::printf("%d\\n", a + b); }
"""
HOLDS = ScriptCase("#undef NDEBUG\n#include <assert.h>\nint main() { assert(twice(3) == 6); }")
FAILS = ScriptCase("#undef NDEBUG\n#include <assert.h>\nint main() { assert(twice(3) == 7); }")
FIVE, SIX = StdioCase("2 3", "5"), StdioCase("2 3", "6")


def words(execution):
    return [(each.case, each.verdict.value) for each in execution.judgements]


async def test_a_mixed_list_of_cases_is_judged_in_its_order(judged):
    execution = await judged("cpp", SUM, FIVE, SIX, HOLDS, FAILS, FIVE)
    assert words(execution) == [(0, "accepted"), (1, "wrong_answer"), (2, "accepted"), (3, "runtime_error"), (4, "accepted")]
    assert [each.self_reported for each in execution.judgements] == [False, False, True, True, False]
    assert b"script.cpp:3: int main(): Assertion `twice(3) == 7' failed" in execution.judgements[3].error


async def test_judging_stops_at_the_first_failure_also_between_scripts(judged):
    execution = await judged("cpp", SUM, HOLDS, FAILS, HOLDS, FIVE, stop=True)
    assert words(execution) == [(0, "accepted"), (1, "runtime_error")]


async def test_a_program_that_cannot_be_built_is_one_compile_error_with_the_compilers_message(judged):
    execution = await judged("cpp", "int f( { return 1; }", HOLDS, HOLDS)
    assert words(execution) == [(0, "compile_error")]
    assert b"program.cpp:1:10: error" in execution.judgements[0].error


async def test_a_script_that_does_not_fit_the_program_is_a_compile_error_of_its_case(judged):
    execution = await judged("cpp", SUM, HOLDS, ScriptCase("int main() { return thrice(1); }"), FIVE)
    assert words(execution) == [(0, "accepted"), (1, "compile_error")]
    assert b"script.cpp:1:" in execution.judgements[1].error


PRINTING = """
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
struct Loud { Loud() { std::puts("before"); } ~Loud() { std::puts("after"); } } loud;
int twice(int x) { std::printf("{code} {source}\\n"); std::fflush(stdout); if (write(1, "raw", 3) != 3) std::abort(); return 2 * x; }
"""


async def test_what_a_program_prints_does_not_touch_the_verdict_of_a_script(judged):
    assert (await judged("cpp", PRINTING, HOLDS)).accepted


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("return 2 * x;", "accepted"),
        ("std::exit(0);", "wrong_answer"),
        ("std::quick_exit(0);", "wrong_answer"),
        ("throw 1;", "runtime_error"),
        ("for (;;) ;", "time_limit"),
    ],
)
async def test_a_program_that_ends_before_the_assertions_is_not_accepted(judged, body, verdict):
    source = f"#include <cstdlib>\nint twice(int x) {{ {body} }}"
    execution = await judged("cpp", source, HOLDS, limits=Limits(cpu_seconds=1.0))
    assert execution.verdict.value == verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("int main() { twice(1); }", "accepted"),
        ("int main(int argc, char *argv[]) { return argc - 1; }", "accepted"),
        ("int main(int, const char **argv) { return argv[1] != 0; }", "accepted"),
        ("int main() { return 4; }", "runtime_error"),
    ],
)
async def test_a_script_may_have_any_kind_of_main_and_fails_by_its_code(judged, code, verdict):
    assert (await judged("cpp", SUM, ScriptCase(code))).verdict.value == verdict


async def test_the_macros_and_names_of_contest_programs_do_not_break_the_frame(judged):
    source = """
#define int long long
int read() { return 21; }
int dup(int x) { return x; }
int twice(int x) { return dup(2 * x); }
#undef int
"""
    assert (await judged("cpp", source, ScriptCase("int main() { return twice(read()) != 42; }"))).accepted


async def test_threads_can_be_used(judged):
    source = """
#include <cstdio>
#include <thread>
#include <vector>
int main() {
  std::vector<std::thread> all; int sums[8] = {};
  for (int i = 0; i < 8; i++) all.emplace_back([&sums, i] { sums[i] = i; });
  int sum = 0; for (int i = 0; i < 8; i++) { all[i].join(); sum += sums[i]; }
  std::printf("%d", sum);
}"""
    assert (await judged("cpp", source, StdioCase("", "28"))).accepted


async def test_too_much_memory_is_a_memory_limit(judged):
    source = "#include <vector>\nint main() { std::vector<char> all(3000000000u, 1); return all[7] - 1; }"
    execution = await judged("cpp", source, StdioCase("", ""), limits=Limits(memory_bytes=100_000_000))
    assert execution.verdict.value == "memory_limit"


async def test_a_call_case_has_no_driver_and_says_what_to_do(judged):
    with pytest.raises(PluginError, match="'cpp' has no driver for 'call' cases"):
        await judged("cpp", SUM, CallCase("twice", (1,), 2))


@pytest.mark.parametrize("fence", ["cpp", "c++", "cc"])
def test_a_program_is_found_in_its_fence(fence):
    assert extract(f"```{fence}\nint x;\n```", LANGUAGE).source.strip() == "int x;"
