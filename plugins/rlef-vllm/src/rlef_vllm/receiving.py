"""Take published weights in a worker of vLLM's, by vLLM's interface for weight transfer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vllm.distributed.weight_transfer.base import WeightTransferEngine, WeightTransferInitInfo, WeightTransferUpdateInfo
from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm
from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead, VocabParallelEmbedding
from vllm.model_executor.model_loader.reload import finalize_layerwise_reload, initialize_layerwise_reload
from vllm.platforms import current_platform

from rlef_models.transfer import Receiver


@dataclass
class Init(WeightTransferInitInfo):
    """Nothing: a publication says all that its receivers need."""


@dataclass
class Update(WeightTransferUpdateInfo):
    """One publication: its payload, and the receiver's number of the first worker of this engine."""

    payload: Mapping[str, Any]
    first: int = field(default=0)


class ReceivingEngine(WeightTransferEngine[Init, Update]):
    """One worker's side of every scheme of `rlef_models.transfer`."""

    init_info_cls = Init
    update_info_cls = Update

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._receiver = Receiver()

    def init_transfer_engine(self, init_info: Init) -> None: ...

    def start_weight_update(self) -> None:
        initialize_layerwise_reload(self.model)

    def receive_weights(self, update_info: Update) -> None:
        parallel = self.parallel_config
        number = update_info.first + parallel.data_parallel_index * parallel.world_size + parallel.rank
        model: Any = self.model  # every model of vLLM has it; its class says Module
        model.load_weights(self._receiver.receive(update_info.payload, rank=number, device=self.device))

    def finish_weight_update(self) -> None:
        finalize_layerwise_reload(self.model, self.model_config)
        if current_platform.is_cpu():
            pack_tied_heads(self.model)

    def shutdown(self) -> None:
        self._receiver.close()


def pack_tied_heads(model: Any) -> None:
    """Pack the output layers anew that share the embedding's weights.

    vLLM keeps a packed copy of an output layer on the CPU and does not renew it with the embedding: log-probs would silently go on being
    those of the weights before.
    """
    if not model.config.get_text_config().tie_word_embeddings:
        return
    modules = list(model.modules())
    embeddings = [module for module in modules if type(module) is VocabParallelEmbedding]
    for head in (module for module in modules if isinstance(module, ParallelLMHead)):
        head.weight = embeddings[0].weight
        dispatch_cpu_unquantized_gemm(head, remove_weight=False)
