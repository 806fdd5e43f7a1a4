"""Answer with models that keep a running state instead of keys and values (Mamba and its like): slowly, and exactly."""

from collections.abc import Sequence

import torch

from rlef_torch.decode import Decoder
from rlef_torch.request import Request


class RecomputingDecoder(Decoder):
    """Computes every conversation anew for each id, since a state cannot be cut back to where two turns agree. It keeps no caches."""

    def join(self, requests: Sequence[Request]) -> list[Request]:
        for request in requests:
            request.version = self.version
        self.running += requests
        return []

    def step(self) -> list[Request]:
        sequences = [request.prompt + request.ids for request in self.running]
        ids = torch.zeros(len(sequences), max(map(len, sequences)), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = torch.tensor(sequence)
            mask[row, : len(sequence)] = 1
        device = self.model.device
        # padding on the right is seen by nothing that is read
        logits = self.model(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False).logits
        last = torch.tensor([len(sequence) - 1 for sequence in sequences], device=device)
        self.sample(self.running, logits[torch.arange(len(sequences), device=device), last])
        return self.leave()

    def _release(self, row: int, request: Request) -> None:
        pass
