"""Is no Python."""

def rlef_register_policies(:
    return []
