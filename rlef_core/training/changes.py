"""Tell what `resume --set` changes in a run, and refuse what would make it another run."""

from typing import Any

from attrs import frozen

from rlef_core.errors import UsageError
from rlef_core.spec import Plan, differences, resumable


@frozen
class Change:
    """A setting that a resumed run has otherwise than before."""

    key: str
    was: Any
    is_: Any

    def __str__(self) -> str:
        return f"{self.key} was {self.was!r}, is {self.is_!r}"

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "was": self.was, "is": self.is_}


def changes(before: Plan, after: Plan) -> tuple[Change, ...]:
    """What differs. Raises UsageError that names a setting which is not `resumable`, and for another directory, which is another run's."""
    fixed = list(differences(before.lasting, after.lasting))
    if fixed:
        key, was, now = fixed[0]
        allowed = ", ".join(sorted({*resumable(before.spec), *resumable(after.spec)} - {"run.directory"}))
        raise UsageError(
            f"resume cannot set {key!r} (it was {was!r}, would be {now!r}): that would be another run, expected one of {allowed}; "
            "to learn on with other settings start a new run with run.init_from"
        )
    found = tuple(Change(*each) for each in differences(before.to_json()["spec"], after.to_json()["spec"]))
    if any(change.key == "run.directory" for change in found):
        raise UsageError(
            f"resume cannot set 'run.directory' (the run is in {str(before.run.directory)!r}): rename the folder and resume it there"
        )
    return found
