"""A tokenizer of bytes with three control tokens, for policies that have no model."""

import re
from collections.abc import Sequence

from rlef_core import Message

_CONTROL = {"<|start|>": 256, "<|content|>": 257, "<|end|>": 258}


class ByteTokenizer:
    """Ids 0 to 255 are bytes of UTF-8; `<|start|>`, `<|content|>` and `<|end|>` are 256, 257 and 258."""

    end_of_turn = frozenset({_CONTROL["<|end|>"]})

    def encode(self, text: str, *, special: bool) -> list[int]:
        if not special:
            return list(text.encode("utf-8", "surrogatepass"))
        ids: list[int] = []
        for piece in re.split(r"(<\|(?:start|content|end)\|>)", text):
            ids += [_CONTROL[piece]] if piece in _CONTROL else piece.encode("utf-8", "surrogatepass")
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(id for id in ids if id < 256).decode("utf-8", "replace")

    def render(self, messages: Sequence[Message], *, generation: bool) -> str:
        text = "".join(f"<|start|>{message.role}<|content|>{message.content}<|end|>" for message in messages)
        return text + "<|start|>assistant<|content|>" if generation else text
