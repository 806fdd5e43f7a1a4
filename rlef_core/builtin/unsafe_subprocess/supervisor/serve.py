"""One supervisor: takes requests from its socket, runs their programs one at a time, and answers what it saw."""
# ruff: noqa: PTH102 -- these work on open folders, or where every case would pay for a path object

import json
import os
import select
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rlef_core.sandbox.inside import answers, packing, wipe

from . import child, identity, kernel, reap, watch

MESSAGE_BYTES = 1 << 17
MOST_FILES = 8


def serve(control: socket.socket, parent: int, directory: str, first_uid: int) -> None:
    """Answer requests until the socket is closed or the process of the pidfd `parent` ends; leaves no process and no file behind."""
    kernel.adopt_orphans()
    try:
        who: identity.Identity | OSError = identity.choose(first_uid)
    except OSError as error:
        who = error
    try:
        while message := _next_message(control, parent):
            request, files = message
            if "argv" in request:
                answer = _answer(request, files, who, directory, (control.fileno(), parent))
                _send(control, {"id": request["id"], **answer})
            for descriptor in files:
                os.close(descriptor)
    finally:
        reap.end_all()
        wipe.wipe(directory)


def _next_message(control: socket.socket, parent: int) -> tuple[dict[str, Any], list[int]] | None:
    poller = select.poll()
    poller.register(control, select.POLLIN)
    poller.register(parent, select.POLLIN)
    if parent in {descriptor for descriptor, _ in poller.poll()}:
        return None
    try:
        message, files, _, _ = socket.recv_fds(control, MESSAGE_BYTES, MOST_FILES, socket.MSG_CMSG_CLOEXEC)
    except ConnectionError:
        return None
    return (json.loads(message), files) if message else None


def _send(control: socket.socket, answer: Mapping[str, Any]) -> None:
    with suppress(ConnectionError):  # the owner is gone: the next message will say so
        control.send(json.dumps(answer).encode())


def _answer(
    request: Mapping[str, Any], files: list[int], who: identity.Identity | OSError, directory: str, stops: tuple[int, ...]
) -> dict[str, Any]:
    """What became of a request's program, or `fault`: why there is nothing to tell."""
    try:
        if isinstance(who, OSError):
            raise who
        return _run(request, files, who, directory, stops)
    except (OSError, ValueError, KeyError) as error:
        reap.end_all()
        return {"fault": f"{type(error).__name__}: {error}" if not str(error) else str(error)}


def _run(request: Mapping[str, Any], files: list[int], who: identity.Identity, directory: str, stops: tuple[int, ...]) -> dict[str, Any]:
    streams, packed = files[:3], files[3 : 3 + request["packs"]]
    wipe.wipe(directory)
    os.mkdir(directory, 0o700)
    for source in packed:
        packing.unpack(source, directory)
    if who.uid is not None:
        os.chown(directory, who.uid, who.uid)
    began, started = time.time_ns(), time.monotonic()
    pid = child.start(request, streams, directory, who)
    hit = watch.watch(pid, request["limits"], streams[1], stops)
    os.killpg(pid, signal.SIGKILL)  # it is not yet reaped, so that its number, and its group's, is still its own
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - started
    cpu, peak = reap.end_all()
    seen = {
        "status": status,
        "cpu_seconds": usage.ru_utime + usage.ru_stime + cpu,
        "wall_seconds": wall,
        "peak_memory_bytes": max(usage.ru_maxrss * 1024, peak),
    }
    if name := request.get("output_file"):
        owner = os.geteuid() if who.uid is None else who.uid
        answers.take_file(f"{directory}/{name}", streams[1], owner, request["limits"]["output_bytes"] + 1)
    if request.get("keep"):
        packing.pack_directory(directory, files[-1])
    wipe.wipe(directory)
    if who.uid is not None:
        wipe.sweep(who.uid, began)
    return {"fault": "it was stopped"} if hit == watch.STOPPED else {**seen, "limit": hit}
