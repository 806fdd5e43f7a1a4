# task: sum
# limits: cpu_seconds=3 wall_seconds=9
# expect: accepted (it answers only where nothing is reached)
# tries: to reach the host by names, by other protocols, and by a library
import asyncio
import socket
import sys
import urllib.request

reached = []


def attempt(name, call, *arguments):
    try:
        call(*arguments)
        reached.append(name)
    except OSError:
        return


attempt("name", socket.getaddrinfo, "localhost.example", 80)
attempt("ipv6", socket.create_connection, ("::1", 18099), 1)
attempt("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"leak", ("127.0.0.1", 18099)))
attempt("listener", lambda: socket.create_server(("", 18099)))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\0rlef-hostile-18099"))
attempt("library", urllib.request.urlopen, "http://127.0.0.1:18099/", None, 1)
attempt("asyncio", lambda: asyncio.run(asyncio.open_connection("127.0.0.1", 18099)))
print(reached or sum(map(int, sys.stdin.read().split())))
