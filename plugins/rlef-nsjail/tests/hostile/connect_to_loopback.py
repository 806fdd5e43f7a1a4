# task: sum
# expect: runtime_error
# expect(multiprocess): runtime_error
# tries: to reach a listener of the host's; the test's listens on this port
import socket

with socket.create_connection(("127.0.0.1", 18099), timeout=2) as connection:
    connection.sendall(b"leak")
print("connected")
