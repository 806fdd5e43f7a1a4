"""Write a model whose weights come one at a time as a Hugging Face folder."""

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from rlef_torch.files import FILE_BYTES

_WIDTH = 4  # bytes of a float32


def write_folder(
    folder: Path, model: PreTrainedModel, sizes: Mapping[str, int], tensors: Iterable[tuple[str, Tensor]], file_bytes: int = FILE_BYTES
) -> None:
    """Write float32 tensors, in the order of `sizes`, their numbers of elements, into files of at most `file_bytes`; and the config."""
    folder.mkdir(parents=True, exist_ok=True)
    config = copy.deepcopy(model.config)
    config.architectures, config.dtype = [type(model).__name__], "float32"
    config.save_pretrained(folder)
    if model.can_generate():
        model.generation_config.save_pretrained(folder)
    places = _places(sizes, file_bytes)
    ends = {file: name for name, file in places.items()}  # the last tensor of each file
    part: dict[str, Tensor] = {}
    for name, tensor in tensors:
        part[name] = tensor.detach().float().cpu().contiguous()
        if ends[places[name]] == name:
            save_file(part, folder / places[name], metadata={"format": "pt"})
            part = {}
    if len(ends) > 1:
        index = {"metadata": {"total_size": _WIDTH * sum(sizes.values())}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def _places(sizes: Mapping[str, int], file_bytes: int) -> dict[str, str]:
    numbers: dict[str, int] = {}
    number = filled = 0
    for name, size in sizes.items():
        if filled and filled + _WIDTH * size > file_bytes:
            number, filled = number + 1, 0
        numbers[name] = number
        filled += _WIDTH * size
    if number == 0:
        return dict.fromkeys(sizes, "model.safetensors")
    return {name: f"model-{each + 1:05}-of-{number + 1:05}.safetensors" for name, each in numbers.items()}
