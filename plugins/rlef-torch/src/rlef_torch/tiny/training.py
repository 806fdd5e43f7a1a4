"""Train a small Llama from nothing on dialogues: cross-entropy on what the assistant says."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

import torch
from attrs import frozen
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel

Row = tuple[list[int], list[bool]]
"""A dialogue's ids, and which of them the assistant says."""
Progress = Callable[[int, int], None]
"""Told after each step how many steps are done, and of how many."""


@frozen
class Recipe:
    """Sizes of the model and of its training. `skilled` is the share of steps that come first and are on skilled dialogues."""

    vocabulary: int = 1024
    hidden_size: int = 64
    intermediate_size: int = 192
    layers: int = 2
    heads: int = 2
    longest: int = 1024
    steps: int = 400
    batch: int = 64
    skilled: float = 0.6
    learning_rate: float = 4e-3
    warmup: int = 30


def new_model(recipe: Recipe, vocabulary: int, pad: int, end: int, seed: int) -> PreTrainedModel:
    """Return an untrained model; the process's random state is left as it was."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=recipe.longest,
        initializer_range=0.05,
        tie_word_embeddings=True,
        pad_token_id=pad,
        bos_token_id=None,
        eos_token_id=end,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AutoModelForCausalLM.from_config(config)


def train(model: PreTrainedModel, rows: Sequence[Row], recipe: Recipe, random: Random, progress: Progress) -> None:
    """Train in place, one pass over `rows` in their order, nearly: neighbours are put into batches by length."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe))
    model.train()
    for step, batch in enumerate(_batches(rows, recipe.batch, random), start=1):
        optimizer.zero_grad()
        torch.autograd.backward(loss(model, batch))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        progress(step, recipe.steps)
    model.eval()


def loss(model: PreTrainedModel, rows: Sequence[Row]) -> Tensor:
    """Mean negative log-likelihood, in nats, of a token that the assistant says."""
    ids = _padded([ids for ids, _ in rows], 0)
    said = _padded([said for _, said in rows], False)[:, 1:]
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    return functional.cross_entropy(model.lm_head(hidden[said]), ids[:, 1:][said])


def _rate(step: int, recipe: Recipe) -> float:
    return min(1.0, (step + 1) / recipe.warmup) * max(0.03, 1 - step / recipe.steps)


def _batches(rows: Sequence[Row], size: int, random: Random) -> Iterator[Sequence[Row]]:
    window = size * 8
    for start in range(0, len(rows), window):
        by_length = sorted(rows[start : start + window], key=lambda row: len(row[0]))
        batches = [by_length[first : first + size] for first in range(0, len(by_length), size)]
        random.shuffle(batches)
        yield from batches


def _padded(rows: Sequence[Sequence[int]] | Sequence[Sequence[bool]], fill: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])
