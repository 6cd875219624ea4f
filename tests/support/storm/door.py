"""The public web process in small: it takes WeChat's notices and holds them until somebody says what to answer."""

import socket
from dataclasses import dataclass, field

_WAIT_S = 10.0


@dataclass(slots=True)
class Call:
    """One notice that waits for its answer."""

    path: str
    headers: dict[str, str]
    body: bytes
    _connection: socket.socket | None = field(repr=False)

    def answer(self, status: int, body: str = "") -> None:
        """Answer, once; status 0 is no answer at all."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with connection:
            if status:
                content = body.encode()
                head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
                try:
                    connection.sendall(head.encode() + (b"" if status == 204 else content))
                except OSError:
                    return


class Door:
    """A port of this process; `take` after its socket can be read."""

    def __init__(self, port: int) -> None:
        self.listening = socket.create_server(("127.0.0.1", port), backlog=64)

    def close(self) -> None:
        self.listening.close()

    def take(self) -> Call | None:
        """Take one notice; None if whoever brought it is gone."""
        connection, _ = self.listening.accept()
        connection.settimeout(_WAIT_S)
        try:
            head, body = _read(connection)
        except OSError:
            connection.close()
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        return Call(first.split(" ")[1], headers, body, connection)


def _read(connection: socket.socket) -> tuple[bytes, bytes]:
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    named = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(named[0].split(b":")[1]) if named else 0
    while len(body) < length:
        body += _more(connection)
    return head, body


def _more(connection: socket.socket) -> bytes:
    got = connection.recv(65_536)
    if not got:
        raise ConnectionError("gone")
    return got
