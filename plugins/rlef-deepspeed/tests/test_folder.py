"""A folder that was written one weight at a time is a model folder."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from rlef_deepspeed.folder import write_folder


def test_a_model_in_several_files_is_loaded_as_it_was(llama: Path, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(llama)
    weights = dict(model.named_parameters())
    write_folder(tmp_path, model, {name: each.numel() for name, each in weights.items()}, weights.items(), file_bytes=100_000)
    assert len(list(tmp_path.glob("model-*-of-*.safetensors"))) > 1
    loaded, report = AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values())
    assert all(torch.equal(weights[name], each) for name, each in loaded.named_parameters())
