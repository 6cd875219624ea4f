"""Whoever answers on loopback without having listened: it says the same bytes to each that comes, and hangs up."""

import socket
import threading
from contextlib import suppress
from typing import Final

PATIENCE_S: Final = 10.0
"""So long it waits until the other one has hung up, too; what was said is read by then."""


class Teller:
    """A server for libraries that open their connections themselves. `says` is what the next ones hear."""

    def __init__(self) -> None:
        self.says = b""
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Say nothing to anybody any more."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._tell, args=(peer, self.says), daemon=True).start()

    def _tell(self, peer: socket.socket, says: bytes) -> None:
        with peer, suppress(OSError):
            peer.settimeout(PATIENCE_S)
            peer.sendall(says)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65_536):
                """What is asked changes nothing; what lay unread would cut the answer short."""
