"""Keep named tensors in files, of which memory holds one at most."""

import errno
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rlef_core import CheckpointError

FILE_BYTES = 4 * 2**30


def write(directory: Path, name: str, tensors: Iterable[tuple[str, Tensor]], file_bytes: int = FILE_BYTES) -> None:
    """Write tensors, as they come, into `name.safetensors`, and `name-2.safetensors` and so on where they are more than `file_bytes`."""
    part: dict[str, Tensor] = {}
    number = 1
    for key, tensor in tensors:
        if part and sum(each.nbytes for each in part.values()) + tensor.nbytes > file_bytes:
            save_file(part, _path(directory, name, number))
            part, number = {}, number + 1
        part[key] = tensor.detach().cpu().contiguous()
    save_file(part, _path(directory, name, number))


def written(directory: Path, name: str) -> "Stored":
    """Return what `write` wrote. Raises FileNotFoundError where there is nothing."""
    paths = [_path(directory, name, 1)]
    while (further := _path(directory, name, len(paths) + 1)).exists():
        paths.append(further)
    return Stored(paths)


class Stored(Mapping[str, Tensor]):
    """Tensors in files, each read when it is asked for, onto the CPU. Raises OSError or SafetensorError for files that cannot be read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths: dict[str, Path] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        for path in paths:
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118  # the file is no mapping
                    self._paths[name] = path
                    self.shapes[name] = tuple(file.get_slice(name).get_shape())

    def __getitem__(self, name: str) -> Tensor:
        with safe_open(self._paths[name], "pt") as file:
            tensor: Tensor = file.get_tensor(name)
            return tensor

    def __contains__(self, name: object) -> bool:
        return name in self._paths  # a Mapping's own would read the tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Raise CheckpointError where the disk is full or fails while an optimizer's state is written to `directory`."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC or f"os error {errno.ENOSPC}" in str(error)
        found = "the disk is full" if full else f"writing failed ({error})"
        raise CheckpointError(
            f"the optimizer's state was not saved to {str(directory)!r}: {found}; make room, lower training.keep_checkpoints or move "
            "run.directory, then resume from the last complete checkpoint"
        ) from error


def not_taken(directory: Path, reason: str) -> CheckpointError:
    """Return the error that says why an optimizer's state cannot be restored."""
    return CheckpointError(
        f"the optimizer's state in {str(directory)!r} cannot be taken up ({reason}), expected one saved by the same optimizer with the "
        f"same model.path; remove the folder {str(directory.parent)!r} and resume, which takes the checkpoint before it"
    )


def not_started(directory: Path, reason: str) -> CheckpointError:
    """Return the error that says why an optimizer cannot start from the weights of another."""
    return CheckpointError(
        f"the weights in {str(directory)!r} cannot be taken ({reason}), expected those of a run whose model.path is the same model"
    )


def _path(directory: Path, name: str, number: int) -> Path:
    return directory / (f"{name}.safetensors" if number == 1 else f"{name}-{number}.safetensors")
