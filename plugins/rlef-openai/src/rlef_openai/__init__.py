"""Play episodes with a model that a server answers for."""
