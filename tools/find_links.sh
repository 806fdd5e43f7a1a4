# Sourced: uv looks for wheels where pip does.
if [[ -n ${PIP_FIND_LINKS:-} ]]; then
    export UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS// /,}}
fi
