#!/usr/bin/env bash
# Make .venv with rlef-core, the first-party plugins and the tools, all pinned by constraints.txt; `engines` adds vLLM (for CPUs),
# DeepSpeed and their plugins. Quick when nothing changed.
# Environment: PYTHON (an interpreter, 3.11 or newer), INSTALLER (uv, or pip), PIP_FIND_LINKS (folders with wheels, for uv too).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/find_links.sh
source tools/nsjail.sh
# in the order of their dependencies on one another: pip looks no further back
plugins=(rlef-models rlef-nsjail rlef-openai rlef-torch rlef-trackers)

fail() {
    echo "setup: $*" >&2
    exit 1
}

main() {
    PYTHON=$(find_python)
    export PYTHON
    once .venv/.installed set_up
    if [[ ${1:-} == engines ]]; then
        once .venv/.engines install_engines
    fi
}

# once MARK STEP: do the step, unless the mark says that it was done and that nothing has changed since
once() {
    if [[ -f $1 && $(cat "$1") == "$(fingerprint)" ]]; then
        return
    fi
    rm -f "$1"
    "$2"
    fingerprint >"$1"
}

set_up() {
    install_system_packages
    check_python
    [[ $(interpreter .venv/bin/python) == "$(interpreter "$PYTHON")" ]] || "$PYTHON" -m venv --clear .venv
    install_nsjail .venv/bin/python
    install -e '.[dev]' "${plugins[@]/#/-eplugins/}"
    echo "setup: done, the command is .venv/bin/rlef-core"
}

install_engines() {
    install -e 'plugins/rlef-vllm[cpu]' -e 'plugins/rlef-deepspeed[lora]'
    if [[ ${INSTALLER:-uv} == pip ]]; then
        # pip knows no overrides: what they leave out is taken out again
        .venv/bin/python -m pip uninstall --quiet --yes torchaudio torchcodec torchvision
    fi
    echo "setup: the policy vllm and the optimizer deepspeed-ppo are there"
}

# The interpreter asked for, else the first that is new enough, else python3, for the message.
find_python() {
    if [[ -n ${PYTHON:-} ]]; then
        command -v "$PYTHON" || fail "found no PYTHON=$PYTHON, expected an interpreter's name or path"
        return
    fi
    for name in python3 python3.13 python3.12 python3.11; do
        if new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    echo python3
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

check_python() {
    new_enough "$PYTHON" || fail "found $("$PYTHON" --version 2>&1) ($(command -v "$PYTHON")), expected Python 3.11 or newer:" \
        "install one and call: make setup PYTHON=/path/to/python"
}

# Which installation of Python it is, also where it is called through a shim or a virtual environment.
interpreter() {
    "$1" -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null || echo none
}

# Whatever the installation depends on, the place included: scripts in .venv hold its path.
fingerprint() {
    local files=(constraints.txt engine-overrides.txt pyproject.toml plugins/*/pyproject.toml tools/setup.sh tools/nsjail.sh)
    { pwd && interpreter "$PYTHON" && cat "${files[@]}"; } | sha256sum
}

install_system_packages() {
    local missing=() required=() package check
    while IFS=: read -r package check; do
        if [[ $package =~ ^(#|$) ]] || bash -c "$check" >/dev/null 2>&1; then
            continue
        fi
        missing+=("${package%\?}")
        [[ $package == *\? ]] || required+=("$package")
    done <system-packages.txt
    if [[ ${#missing[@]} -eq 0 ]]; then
        return
    fi
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        echo "setup: installing the system packages ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    elif [[ ${#required[@]} -gt 0 ]]; then
        fail "missing system packages; install them (on Debian: sudo apt-get install ${missing[*]}) and call make again"
    else
        echo "setup: goes on without ${missing[*]}, which the sandbox or some tests need (on Debian: sudo apt-get install ${missing[*]})"
    fi
}

# install REQUIREMENT...
install() {
    case ${INSTALLER:-uv} in
    uv) "$(find_uv)" pip install --python .venv/bin/python -c constraints.txt --override engine-overrides.txt "$@" ;;
    pip) .venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt "$@" ;;
    *) fail "found INSTALLER=$INSTALLER, expected uv or pip" ;;
    esac
}

find_uv() {
    if command -v uv; then
        return
    fi
    [[ -x .venv/bin/uv ]] || .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv >&2 ||
        fail "could not install uv; make setup INSTALLER=pip does without"
    echo .venv/bin/uv
}

main "$@"
