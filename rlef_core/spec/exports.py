"""Ask the optimizer of a spec which model folder it exports, also where nothing of it could run."""

from rlef_core.errors import Origin, SpecError
from rlef_core.registry import Registry, offer_of
from rlef_core.spec.misfits import MisfitError
from rlef_core.spec.refs import BlockReader
from rlef_core.spec.tree import Spec


def exported(spec: Spec, registry: Registry) -> tuple[Origin, str | None]:
    """Where the optimizer comes from, and what it exports (`Offer.exports`). Raises SpecError, one of plugins where it is not there."""
    try:
        optimizer = BlockReader(registry).use("optimizer", spec.data.get("optimizer"))
    except MisfitError as error:
        raise SpecError([misfit.fault(spec) for misfit in error.below("optimizer")]) from error
    offer = offer_of(registry.find("optimizer", optimizer.use), optimizer.config)
    return optimizer.origin, offer.exports
