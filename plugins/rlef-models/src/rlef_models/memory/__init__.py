"""Tell how much memory a model will take, from its config alone: no weights are read or made."""

from rlef_models.memory.peak import Peak, peak
from rlef_models.memory.shape import Shape, policy_dtype, read_shape

__all__ = ["Peak", "Shape", "peak", "policy_dtype", "read_shape"]
