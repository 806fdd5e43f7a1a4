#!/usr/bin/env bash
# Train the quickstart: in the sandbox where one can run, else, having said why not, without. `--which` only says what it would take.
# Environment: RLEF_CORE (the command).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command=${RLEF_CORE:-.venv/bin/rlef-core}
spec=docs/specs/quickstart.yaml
# The demo's programs are made of a tiny model's few words, by itself: they need no walls.
unprotected=(--set executor.use=unsafe-subprocess)

main() {
    local chosen=() told
    if ! told=$("$command" check "$spec" 2>&1); then
        chosen=("${unprotected[@]}")
        echo "demo: the spec cannot be run in a sandbox here:"
        sed 's/^/    /' <<<"$told"
        told=$("$command" check "$spec" "${chosen[@]}" 2>&1) || { echo "$told" >&2 && exit 1; }
        echo "demo: goes on with ${chosen[*]}: only for this demo, whose programs a tiny model makes by itself"
    fi
    echo "demo: takes the executor $(awk '$1 == "executor" { print $2 }' <<<"$told")"
    if [[ ${1:-} == --which ]]; then
        return
    fi
    "$command" run "$spec" --set-aside ${chosen[@]+"${chosen[@]}"}
    echo "the picture is runs/quickstart/learning.png"
}

main "$@"
