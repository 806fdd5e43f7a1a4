"""Use a Hugging Face tokenizer for exact rendering: control tokens come from the chat template only."""

import json
from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Tokenizer as Backend
from transformers import PreTrainedTokenizerFast

from rlef_core import Message

_PROBE = (Message("user", "a"), Message("assistant", "@answer@"))


class HfTokenizer:
    """rlef_core's `Tokenizer` over a fast tokenizer.

    `template` is given to the chat template; `ends` are the model's end-of-sequence ids, which the tokenizer need not know.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, template: Mapping[str, str], ends: Iterable[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._template = dict(template)
        self._control = tokenizer.backend_tokenizer
        own = () if tokenizer.eos_token_id is None else (int(tokenizer.eos_token_id),)
        self.end_of_turn = frozenset({*own, *ends, *self._closing()})
        self._plain = _without_control(self._control, self.end_of_turn)

    def encode(self, text: str, *, special: bool) -> list[int]:
        backend = self._control if special else self._plain
        return list(backend.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def render(self, messages: Sequence[Message], *, generation: bool) -> str:
        conversation = [{"role": message.role, "content": message.content} for message in messages]
        rendered = self._tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=generation, **self._template)
        return str(rendered)

    def _closing(self) -> Iterable[int]:
        # The control token that the template puts right after an answer ends a turn, whatever the model's settings say.
        _, _, after = self.render(_PROBE, generation=False).partition(_PROBE[1].content)
        ids = self._control.encode(after.lstrip(), add_special_tokens=False).ids
        return ids[:1] if ids and ids[0] in self._tokenizer.all_special_ids else ()


def _without_control(backend: Backend, ends: frozenset[int]) -> Backend:
    # A copy that never matches a special token. Ends of turn that the tokenizer's author did not mark as special are marked here.
    settings = json.loads(backend.to_str())
    for token in settings["added_tokens"]:
        token["special"] = token["special"] or token["id"] in ends
    plain = Backend.from_str(json.dumps(settings))
    plain.encode_special_tokens = True
    return plain
