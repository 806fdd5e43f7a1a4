"""Train a small tokenizer with a chat template on dialogues, and lay dialogues out as ids with it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from rlef_core import Message

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
# Numbers stand alone, so that one is the same token wherever it is printed; a line may be one token, which keeps conversations short.
_PIECES = Regex(r" ?\d+|[^\d\n]*\n|[^\d\n]+")
_LONGEST_TOKEN = 64


def train_tokenizer(dialogues: Iterable[Sequence[Message]], vocabulary: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer of at most `vocabulary` tokens, `<|im_end|>` its end of turn."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(_PIECES, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=_LONGEST_TOKEN,
        show_progress=False,
    )
    texts = (f"{message.role}\n{message.content}\n" for dialogue in dialogues for message in dialogue)
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[START],
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def layout(tokenizer: PreTrainedTokenizerFast) -> Callable[[Sequence[Message]], tuple[list[int], list[bool]]]:
    """Return a function from a dialogue to its ids, as the chat template lays them out, and a mask of what the assistant says."""

    @cache
    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    def lay_out(dialogue: Sequence[Message]) -> tuple[list[int], list[bool]]:
        ids: list[int] = []
        said: list[bool] = []
        for message in dialogue:
            parts = (encode(f"{START}{message.role}\n"), encode(message.content + END), encode("\n"))
            ids += [id for part in parts for id in part]
            said += [message.role == "assistant" and part is parts[1] for part in parts for _ in part]
        return ids, said

    return lay_out
