# task: sum
# expect: accepted (it answers only where a pair's socket leads nowhere else)
# expect(multiprocess): accepted (the same)
# tries: to reach a listener of the host's from a socket that it was allowed to make
import socket
import sys

reached = []


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except OSError:
        return


for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    one, other = socket.socketpair(type=kind)
    attempt("bind", one.bind, "\0left-by-hostile")
    attempt("listen", one.listen)
    for name in ("\0rlef-hostile-18099", "\0rlef-hostile-18099-datagrams", "\0/tmp/.X11-unix/X0", "/run/systemd/journal/socket", "/dev/log"):
        attempt("connect", one.connect, name)
        if kind == socket.SOCK_DGRAM:
            attempt("send", one.sendto, b"leak", name)
            attempt("message", one.sendmsg, [b"leak"], [], 0, name)
print(reached or sum(map(int, sys.stdin.read().split())))
