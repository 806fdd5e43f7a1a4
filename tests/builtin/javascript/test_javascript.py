"""Programs in JavaScript, judged by real tools."""

import math
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlef_core import CallCase, CaseInput, CaseKind, Job, Limits, ScriptCase, StdioCase, decode_value, encode_value
from rlef_core.builtin.javascript import LANGUAGE, driver
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.rollout.extract import extract

SUM = """
const fs = require("fs");
const twice = (x) => 2 * x;
if (require.main === module) console.log(fs.readFileSync(0, "utf8").trim().split(" ").reduce((a, b) => a + Number(b), 0));
"""
FIVE, SIX = StdioCase("2 3", "5"), StdioCase("2 3", "6")
HOLDS, FAILS = ScriptCase("console.assert(twice(3) === 6)"), ScriptCase("console.assert(twice(3) === 7, 'twice', 3)")


def words(execution):
    return [(each.case, each.verdict.value) for each in execution.judgements]


async def test_a_mixed_list_of_cases_is_judged_in_its_order(judged):
    execution = await judged("javascript", SUM, FIVE, SIX, HOLDS, FAILS, CallCase("twice", (4,), 8), FIVE)
    verdicts = ["accepted", "wrong_answer", "accepted", "runtime_error", "accepted", "accepted"]
    assert words(execution) == list(enumerate(verdicts))
    assert execution.judgements[3].error == b"Error: assertion failed: twice: 3\n    at script.js:1:9\n"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("try { console.assert(false) } catch {}", "runtime_error"),
        ("Promise.resolve().then(() => console.assert(false))", "runtime_error"),
        ("Promise.resolve().then(() => console.assert(false)).catch(() => {})", "runtime_error"),
        ("setTimeout(() => console.assert(twice(1) === 3), 20)", "runtime_error"),
        ("setTimeout(() => console.assert(twice(1) === 2), 20)", "accepted"),
        ("(async () => { await null; throw 1 })()", "runtime_error"),
        ("require('assert').strictEqual(twice(1), 3)", "runtime_error"),
        ("throw undefined", "runtime_error"),
        ("const twice = 1", "runtime_error"),
        ("process.exit(0)", "wrong_answer"),
        ("", "accepted"),
    ],
)
async def test_a_script_passes_only_when_every_assertion_held(judged, code, verdict):
    assert (await judged("javascript", SUM, ScriptCase(code))).verdict.value == verdict


@pytest.mark.parametrize(
    "noise",
    [
        "console.log('x')",
        "process.stdout.write('x')",
        "fs.writeSync(1, 'x')",
        "fs.writeFileSync('/dev/stdout', 'x')",
        "process.on('exit', () => fs.writeSync(1, 'x'))",
        "process.stdout.write = () => { throw 1 }",
    ],
)
async def test_what_a_program_prints_does_not_touch_the_verdict(judged, noise):
    source = f"{SUM}\n{noise};"
    assert (await judged("javascript", source, HOLDS, CallCase("twice", (1,), 2))).accepted


def test_where_there_is_no_proc_a_file_still_holds_the_token_alone(tmp_path):
    (tmp_path / "driver.js").write_text(driver("script").replace("/proc/self/fd/1", "/no/such/file"))
    (tmp_path / "solution.js").write_text('console.log("x"); require("fs").writeSync(1, "x")')
    (tmp_path / "request").write_bytes(encode_value({"code": "", "token": "t0k3n"}))
    with (tmp_path / "request").open("rb") as stdin, (tmp_path / "answer").open("wb") as stdout:
        subprocess.run(["node", "driver.js"], cwd=tmp_path, stdin=stdin, stdout=stdout, check=True)
    assert (tmp_path / "answer").read_bytes() == b"t0k3n"


@pytest.mark.parametrize("source", ["const twice = {", "throw new Error('no')", "process.exit(0)", "process.exit(1)", "while (true);"])
async def test_a_program_that_does_not_load_passes_nothing(judged, source):
    execution = await judged("javascript", source, HOLDS, CallCase("twice", (1,), 2), limits=Limits(cpu_seconds=1.0))
    assert [each.verdict.accepted for each in execution.judgements] == [False, False]


async def test_an_error_is_told_as_if_there_were_no_driver(judged):
    execution = await judged("javascript", "function f(x) { return x.y.z }", CallCase("f", ({},), 1))
    lines = execution.judgements[0].error.decode().splitlines()
    assert lines == ["TypeError: Cannot read properties of undefined (reading 'z')", "    at f (solution.js:1:28)"]


async def test_a_call_may_be_of_an_async_function_or_a_method_and_after_a_setup(judged):
    source = "class Box { static async open(x) { return [x, shift] } }"
    assert (await judged("javascript", source, CallCase("Box.open", (1,), [1, 7], setup="const shift = 7"))).accepted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("undefined", None),
        ("[null, true, [1.5, 'é\\u{1F600}\\ud800']]", [None, True, [1.5, "é\U0001f600\ud800"]]),
        ("({a: 1, b: {c: []}})", {"a": 1, "b": {"c": []}}),
        ("({$set: 1})", {"$set": 1}),
        ("new Map([[1, 'x'], ['k', new Set([2])]])", {1: "x", "k": {2}}),
        ("new Set(['b', 'a', 'b'])", {"a", "b"}),
        ("12345678901234567890n", 12345678901234567890),
        ("[1e21, -0, 2 ** 53]", [1e21, -0.0, 2**53]),
        ("[Infinity, -Infinity]", [math.inf, -math.inf]),
        ("Uint8Array.of(1, 255)", b"\x01\xff"),
        ("Float64Array.of(1, 0.5)", [1, 0.5]),
        ("[, 1]", [None, 1]),
    ],
)
async def test_a_value_is_carried_as_the_data_it_is(judged, text, value):
    assert (await judged("javascript", f"function f() {{ return {text} }}", CallCase("f", (), value))).accepted


@pytest.mark.parametrize(
    "text", ["() => 1", "Symbol()", "new Date(0)", "new (class Point {})", "[console]", "(() => { const a = []; a.push(a); return a })()"]
)
async def test_a_value_that_is_no_data_equals_nothing(judged, text):
    execution = await judged("javascript", f"function f() {{ return {text} }}", CallCase("f", (), None), CallCase("f", (), []))
    assert [each.verdict.value for each in execution.judgements] == ["wrong_answer", "wrong_answer"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.sets(st.integers() | st.text(), max_size=4)
        | st.dictionaries(st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(plain, min_size=60, max_size=60))
async def test_data_survives_the_way_to_a_program_and_back(values):
    executor = SubprocessExecutor(1, 61000)
    try:
        request = encode_value({"function": "f", "arguments": values, "setup": ""})
        job = Job(LANGUAGE, "const f = (...all) => all", (CaseInput(CaseKind.CALL, request),))
        (done,) = [each async for each in executor.run(job)]
    finally:
        await executor.close()
    assert decode_value(done.stdout) == values


async def test_chance_is_the_same_in_every_run(judged):
    first, second = [(await judged("javascript", "console.log(Math.random())", StdioCase("", ""))).judgements[0].output for _ in range(2)]
    assert first == second


@pytest.mark.parametrize("source", ["const all = []; while (true) all.push(new Array(100000).fill(7))", "Buffer.alloc(3e9, 1)"])
async def test_too_much_memory_is_a_memory_limit(judged, source):
    execution = await judged("javascript", source, StdioCase("", ""), limits=Limits(memory_bytes=300_000_000))
    assert execution.verdict.value == "memory_limit"


async def test_half_of_the_usual_memory_can_be_used(judged):
    source = "const all = []; for (let i = 0; i < 500; i++) all.push(new Float64Array(125000).fill(i)); console.log(all.length)"
    assert (await judged("javascript", source, StdioCase("", "500"))).accepted


@pytest.mark.parametrize("fence", ["javascript", "js", "node"])
def test_a_program_is_found_in_its_fence(fence):
    assert extract(f"```{fence}\nlet x\n```", LANGUAGE).source.strip() == "let x"
