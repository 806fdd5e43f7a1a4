"""Answer many requests at once with one model: prefill what is new of each conversation, then decode row by row of a running batch."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from rlef_core import Finish
from rlef_torch.batching import micro_batches
from rlef_torch.cache import KeptCaches, KeysValues
from rlef_torch.forward import choose_forward
from rlef_torch.request import Request
from rlef_torch.rows import Rows
from rlef_torch.sampling import sample


class Decoder:
    """A model with a running batch. It is used by one thread, inside `torch.inference_mode()`.

    Prompts are computed at most `prefill_tokens` at once. `version` is stamped on every answer.
    """

    def __init__(self, model: PreTrainedModel, kept: KeptCaches, prefill_tokens: int) -> None:
        self.model = model
        self.kept = kept
        self.running: list[Request] = []
        self.version = 0
        self._forward = choose_forward(model)
        self._rows = Rows()
        self._prefill_tokens = prefill_tokens

    def join(self, requests: Sequence[Request]) -> list[Request]:
        """Prefill the requests and sample their first ids; returns those that ended with it, the others join the running batch."""
        pasts = [self.kept.take(request.conversation, request.prompt) for request in requests]
        for request, (_, reused) in zip(requests, pasts, strict=True):
            request.version, request.reused = self.version, reused
        done = []
        for group in micro_batches([len(r.prompt) - r.reused for r in requests], token_budget=self._prefill_tokens):
            done += self._prefill([requests[index] for index in group], [pasts[index][0] for index in group])
        return done

    def step(self) -> list[Request]:
        """Sample one id for every request of the running batch; returns those that ended, aborted ones included."""
        device = self.model.device
        positions, mask = self._rows.positions()
        ids = torch.tensor([[request.ids[-1]] for request in self.running], device=device)
        logits = self._forward(ids, positions.to(device), mask.to(device), self._rows.cache)
        self._rows.advance()
        self.sample(self.running, logits)
        return self.leave()

    def sample(self, requests: Sequence[Request], logits: Tensor) -> None:
        """Give each request an id drawn from its row of `logits` [requests, vocabulary]."""
        settings = [[r.sampling.temperature for r in requests], [r.sampling.top_p for r in requests], [r.random.random() for r in requests]]
        temperature, top_p, uniform = torch.tensor(settings, dtype=torch.float64).to(logits.device)
        ids, logprobs = sample(logits, temperature, top_p, uniform)
        for request, id, logprob in zip(requests, ids.tolist(), logprobs.tolist(), strict=True):
            request.take(id, logprob)

    def leave(self) -> list[Request]:
        """Remove the requests that ended from the running batch and return them, aborted ones included."""
        done = []
        for row in range(len(self.running) - 1, -1, -1):
            request = self.running[row]
            if request.aborted:
                request.finish = Finish.ABORT
            if not request.finish:
                continue
            self._release(row, request)
            last = self.running.pop()
            if row < len(self.running):
                self.running[row] = last
            done.append(request)
        return done

    def start_afresh(self) -> None:
        """Free the rows of the running batch, which is empty: what is computed next depends on no batch before it."""
        self._rows.clear()

    def clear(self) -> None:
        """Forget the running batch and every KV cache."""
        self.running.clear()
        self._rows.clear()
        self.kept.clear()

    def _prefill(self, requests: list[Request], pasts: list[KeysValues]) -> list[Request]:
        # Every row computes as many tokens as the one with the most new ones, some of them anew, so that no padding stands between a row's
        # kept keys and its new ones.
        queries = max(len(request.prompt) - request.reused for request in requests)
        starts = [max(0, len(request.prompt) - queries) for request in requests]
        cache = _padded(pasts, starts)
        past = max(starts)
        ids, positions, mask = _left_padded([r.prompt for r in requests], starts, queries, past)
        device = self.model.device
        self.sample(requests, self._forward(ids.to(device), positions.to(device), mask.to(device), cache))
        return self._enter(requests, cache)

    def _enter(self, requests: list[Request], cache: DynamicCache) -> list[Request]:
        layers = [(layer.keys, layer.values) for layer in cache.layers]
        staying = [request for request in requests if not request.finish]
        if staying:
            like = [(keys[0], values[0]) for keys, values in layers]
            self._rows.reserve(like, len(staying), max(len(request.prompt) for request in staying))
        for row, request in enumerate(requests):
            length = len(request.prompt)
            own = [(keys[row, :, -length:], values[row, :, -length:]) for keys, values in layers]
            if request.finish:
                self.kept.put(request.conversation, request.prompt, [(keys.clone(), values.clone()) for keys, values in own])
            else:
                self._rows.add(own, length)
                self.running.append(request)
        return [request for request in requests if request.finish]

    def _release(self, row: int, request: Request) -> None:
        if not request.aborted:  # the last id was sampled but never computed
            self.kept.put(request.conversation, request.prompt + request.ids[:-1], self._rows.copy(row))
        self._rows.remove(row)


def _padded(pasts: list[KeysValues], starts: list[int]) -> DynamicCache:
    # the first `starts[row]` tokens of each row's kept keys and values, padded on the left
    cache = DynamicCache()
    past = max(starts)
    layers = next((kept for kept, start in zip(pasts, starts, strict=True) if start), [])
    for index, like in enumerate(layers):
        pair: list[Any] = []
        for part, tensor in enumerate(like):
            whole = tensor.new_zeros(len(pasts), tensor.shape[0], past, tensor.shape[-1])
            for row, start in enumerate(starts):
                if start:
                    whole[row, :, past - start :] = pasts[row][index][part][:, :start]
            pair.append(whole)
        cache.update(pair[0], pair[1], index)
    return cache


def _left_padded(prompts: list[list[int]], starts: list[int], queries: int, past: int) -> tuple[Tensor, Tensor, Tensor]:
    # ids and positions [rows, queries], mask [rows, past + queries]
    ids = torch.zeros(len(prompts), queries, dtype=torch.long)
    positions = torch.zeros(len(prompts), queries, dtype=torch.long)
    mask = torch.zeros(len(prompts), past + queries, dtype=torch.bool)
    for row, (prompt, start) in enumerate(zip(prompts, starts, strict=True)):
        new = len(prompt) - start
        ids[row, queries - new :] = torch.tensor(prompt[start:])
        positions[row, queries - new :] = torch.arange(start, len(prompt))
        mask[row, past + queries - len(prompt) :] = True
    return ids, positions, mask
