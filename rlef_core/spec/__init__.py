"""Turn a spec's text into a checked plan, and build the plan's components."""

from rlef_core.spec.context import Builder, RunContext, derive_seed
from rlef_core.spec.exports import exported
from rlef_core.spec.needs import ALL
from rlef_core.spec.plain import differences, resumable
from rlef_core.spec.plan import SCHEMA_VERSION, Plan
from rlef_core.spec.reading import parse_spec, read_spec
from rlef_core.spec.resolve import open_plan, registry_for, resolve
from rlef_core.spec.tree import Spec

__all__ = [
    "ALL",
    "SCHEMA_VERSION",
    "Builder",
    "Plan",
    "RunContext",
    "Spec",
    "derive_seed",
    "differences",
    "exported",
    "open_plan",
    "parse_spec",
    "read_spec",
    "registry_for",
    "resolve",
    "resumable",
]
