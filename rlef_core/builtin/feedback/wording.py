"""Put a case and what became of it into plain words."""

from rlef_core import CallCase, Case, DataError, FileCase, Judgement, ScriptCase, decode_value


def describe_case(case: Case) -> str:
    """What the program was given."""
    match case:
        case CallCase():
            return f"{case.function}({', '.join(map(repr, case.arguments))})"
        case ScriptCase():
            return case.code.strip()
        case FileCase():
            place = f"file {case.input_file}" if case.input_file else "input"
            return f"{place}: {case.input.strip()}"
    return f"input: {case.input.strip()}"


def describe_outcome(case: Case, judgement: Judgement) -> tuple[str, str, str]:
    """Expected output, observed output and error text."""
    error = judgement.error.decode("utf-8", "backslashreplace").strip()
    if not error and judgement.signal is not None:
        error = f"killed by signal {judgement.signal}"
    elif not error:
        error = f"exit code {judgement.exit_code}"
    match case:
        case CallCase():
            return repr(case.value), _value(judgement.output), error
        case ScriptCase():
            return "every assertion holds", error, error
    return case.output.strip(), judgement.output.decode("utf-8", "backslashreplace").strip(), error


def _value(output: bytes) -> str:
    try:
        return repr(decode_value(output))
    except DataError:
        return output.decode("utf-8", "backslashreplace") or "no value"
