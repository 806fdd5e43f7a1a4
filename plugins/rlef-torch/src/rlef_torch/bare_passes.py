"""Take the passes that an update of PPO cannot do without, and nothing else: what optimizer `ppo` is measured beside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import torch
from attrs import frozen
from torch import Tensor, nn
from transformers import PreTrainedModel

from rlef_core import Context, Trajectory, UpdateReport, Weights
from rlef_models.model import resolve
from rlef_torch.actor import precision
from rlef_torch.batching import micro_batches, padding_share, updates
from rlef_torch.benchmarks import BarePassesConfig
from rlef_torch.model import DTYPES, checkpoint_activations, choose_device, load_model


@frozen(eq=False)
class _Batch:
    # `ids` [rows, length], padded on the right; `sampled` [rows, length - 1] is true where the next id was sampled
    ids: Tensor
    sampled: Tensor


class BarePasses:
    """Forward passes of policy, reference and critic over a collection, without gradients; then, in the micro-batches of the updates,
    forward and backward passes of policy and critic.

    The models are called as a first script calls them, over whole logits. The losses are the sums of the sampled ids' log-probs and of all
    values. There are no advantages, no clipping, no norm and no step: the weights stay as they are, and each collection takes as long.
    """

    def __init__(self, config: BarePassesConfig, context: Context) -> None:
        path, self._device = resolve(context.model), choose_device(context.devices)
        self._config = config
        self._sequences_per_update = context.sequences_per_update
        self._policy, self._reference, self._critic = (load_model(path, torch.float32, self._device) for _ in range(3))
        self._head = nn.Linear(self._critic.get_output_embeddings().weight.shape[1], 1).to(self._device)
        for model in (self._policy, self._critic) if config.gradient_checkpointing else ():
            checkpoint_activations(model)
        self._thread = ThreadPoolExecutor(1, "bare passes", torch.set_num_threads, (context.threads,))

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        """The passes of all updates. The report counts them, and has the share of padding in their micro-batches."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._passes, collection)

    def publish(self, scheme: str) -> AbstractAsyncContextManager[Weights]:
        return self._publish()

    async def save(self, directory: Path) -> None: ...

    async def restore(self, directory: Path) -> None: ...

    async def suspend(self) -> None: ...

    async def resume(self) -> None: ...

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)

    @asynccontextmanager
    async def _publish(self) -> AsyncIterator[Weights]:
        yield Weights(0, "unchanged")

    def _passes(self, collection: Sequence[Trajectory]) -> UpdateReport:
        lengths = [len(trajectory.ids) for trajectory in collection]
        with torch.no_grad():
            for indexes in self._split(lengths):
                batch = self._pack([collection[index] for index in indexes])
                for model in (self._policy, self._reference):
                    self._logprobs(model, batch)
                self._values(batch)
        order = updates(len(collection), sequences_per_update=self._sequences_per_update, epochs=self._config.passes, seed=0)
        for members in order:
            self._update([collection[index] for index in members])
        if self._device.type == "cuda":  # else the passes that are queued would count as the next participant's time
            torch.cuda.synchronize(self._device)
        return UpdateReport(len(order), {"optimizer/padding_share": padding_share(lengths, self._split(lengths))})

    def _update(self, members: Sequence[Trajectory]) -> None:
        for indexes in self._split([len(trajectory.ids) for trajectory in members]):
            batch = self._pack([members[index] for index in indexes])
            torch.autograd.backward(self._values(batch).sum())
            torch.autograd.backward(self._logprobs(self._policy, batch)[batch.sampled].sum())
        for module in (self._policy, self._critic, self._head):
            module.zero_grad(set_to_none=True)

    def _logprobs(self, model: PreTrainedModel, batch: _Batch) -> Tensor:
        with self._precision():
            logits: Tensor = model(input_ids=batch.ids, use_cache=False).logits
        return logits[:, :-1].float().log_softmax(-1).gather(-1, batch.ids[:, 1:].unsqueeze(-1)).squeeze(-1)

    def _values(self, batch: _Batch) -> Tensor:
        with self._precision():
            states = self._critic.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state
        values: Tensor = self._head(states.float())
        return values.squeeze(-1)

    def _precision(self) -> torch.autocast:
        return precision(self._device, DTYPES[self._config.dtype])

    def _split(self, lengths: Sequence[int]) -> list[list[int]]:
        return micro_batches(lengths, token_budget=self._config.micro_batch_tokens)

    def _pack(self, members: Sequence[Trajectory]) -> _Batch:
        length = max(len(trajectory.ids) for trajectory in members)
        ids = torch.zeros(len(members), length, dtype=torch.long)
        sampled = torch.zeros(len(members), length - 1, dtype=torch.bool)
        for row, trajectory in enumerate(members):
            ids[row, : len(trajectory.ids)] = torch.tensor(trajectory.ids)
            sampled[row, : len(trajectory.ids) - 1] = torch.tensor(trajectory.trained[1:])
        return _Batch(ids.to(self._device), sampled.to(self._device))
