"""A worker of an engine: takes publications as it is told on its standard input, and tells what it got."""

import hashlib
import json
import sys

from rlef_models.transfer import Receiver, TransferError
from rlef_models.transfer.parameters import Entry, as_bytes

RECEIVER = Receiver(timeout=20)


def take(payload, rank, most=None):
    got = {}
    for name, tensor in RECEIVER.receive(payload, rank=rank, device="cpu"):
        digest = hashlib.sha256(as_bytes(tensor).numpy().tobytes()).hexdigest()
        got[name] = [Entry(name, tensor.dtype, tuple(tensor.shape)).plain(), digest]
        if len(got) == most:
            break
    return got


print("ready", flush=True)
for line in sys.stdin:
    try:
        answer = take(**json.loads(line))
    except TransferError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
