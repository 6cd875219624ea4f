"""The two ways to a plant: its Unix socket on this machine, and mutual TLS to another. Blocking; one thread reads."""

import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scada.clock import real_unix_seconds
from scada.tls import TlsError, TlsFiles, context_of, look_at_own, why

SILENCE_S = 3.0
"""A plant that tells tags and says nothing for this long is gone: it tells once a second at least."""
CONNECT_S = 3.0
SEND_S = 2.0
PIECE_BYTES = 65536


class WayError(Exception):
    """The way to the plant is closed: what was tried, and what came back."""


class Link(Protocol):
    """A connection: one thread takes, any thread sends whole frames one after the other."""

    def take(self, count: int) -> bytes:
        """Wait for some bytes, at most so many; none when the other side has hung up. Raises WayError or OSError."""

    def send(self, frame: bytes) -> None:
        """Send all of it or raise OSError: half a frame would spoil all that follows."""

    def patience(self, wait_s: float) -> None:
        """Say how long `take` may wait; 0 is for ever."""

    def shut(self) -> None:
        """Wake whoever takes."""

    def close(self) -> None:
        """Give the connection back."""


class Way(Protocol):
    """How a plant is reached."""

    def open(self) -> Link:
        """Connect. Raises WayError or OSError."""


class SocketLink:
    """A connected socket. Kernel time-outs, since one thread reads while others send."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        raw.settimeout(None)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(SEND_S))
        self.patience(SILENCE_S)

    def take(self, count: int) -> bytes:
        """Wait for bytes."""
        try:
            return self._raw.recv(count)
        except BlockingIOError as error:
            raise WayError(f"the plant said nothing for {SILENCE_S:g} s") from error

    def send(self, frame: bytes) -> None:
        """Send all of it."""
        self._raw.sendall(frame)

    def patience(self, wait_s: float) -> None:
        """Set the kernel's time-out."""
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(wait_s))

    def shut(self) -> None:
        """Wake whoever takes, who alone closes the socket."""
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket."""
        self._raw.close()


class TlsLink:
    """TLS over a link, by hand: OpenSSL lets two threads use one connection only in turn, and a reader waits long.

    The lock `_tls` is held for reckoning alone, never while anything waits for the network; `_order` keeps what is
    sent in the order in which it was encrypted.
    """

    def __init__(self, below: SocketLink, context: ssl.SSLContext, name: str) -> None:
        self._below = below
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._coming, self._going, server_hostname=name)
        self._tls, self._order = threading.Lock(), threading.Lock()
        self._is_taken = False

    def shake_hands(self) -> None:
        """Show our certificate and look at theirs. Raises OSError or WayError."""
        while True:
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                self._push()
                self._fetch()
            else:
                self._push()
                return

    def take(self, count: int) -> bytes:
        """Wait for bytes."""
        while True:
            with self._tls:
                try:
                    piece = self._session.read(count)
                    return self._taken(piece)
                except ssl.SSLWantReadError:
                    has_answer = bool(self._going.pending)
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return self._taken(b"")
            if has_answer:
                with self._order:
                    self._push()
            self._fetch()

    def send(self, frame: bytes) -> None:
        """Encrypt and send all of it."""
        with self._order:
            with self._tls:
                rest = memoryview(frame)
                while rest:
                    rest = rest[self._session.write(rest) :]
            self._push()

    def patience(self, wait_s: float) -> None:
        """Say how long `take` may wait."""
        self._below.patience(wait_s)

    def shut(self) -> None:
        """Wake whoever takes."""
        self._below.shut()

    def close(self) -> None:
        """Close the connection."""
        self._below.close()

    def _taken(self, piece: bytes) -> bytes:
        """A plant that greets nobody has looked at our certificate after we were done: TLS 1.3 does not wait for it."""
        if not piece and not self._is_taken:
            raise WayError("the plant hung up on our certificate: is it a control room's, of the plant's authority?")
        self._is_taken = True
        return piece

    def _fetch(self) -> None:
        piece = self._below.take(PIECE_BYTES)
        with self._tls:
            if piece:
                self._coming.write(piece)
            else:
                self._coming.write_eof()

    def _push(self) -> None:
        with self._tls:
            going = self._going.read()
        if going:
            self._below.send(going)


@dataclass(frozen=True, slots=True)
class UnixWay:
    """To the plant on this machine."""

    path: Path

    def open(self) -> Link:
        """Connect."""
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        raw.settimeout(CONNECT_S)
        try:
            raw.connect(str(self.path))
        except OSError:
            raw.close()
            raise
        return SocketLink(raw)


@dataclass(frozen=True, slots=True)
class TlsWay:
    """To a plant elsewhere. The files are read anew for every connection, so that a renewed certificate counts."""

    host: str
    port: int
    name: str
    files: TlsFiles

    def open(self) -> Link:
        """Connect and shake hands."""
        try:
            context = context_of(self.files, serves=False)
            look_at_own(self.files, real_unix_seconds())
            raw = socket.create_connection((self.host, self.port), CONNECT_S)
        except TlsError as error:
            raise WayError(str(error)) from error
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(SILENCE_S * 1000))
        link = TlsLink(SocketLink(raw), context, self.name)
        try:
            link.shake_hands()
        except OSError as error:
            link.close()
            raise WayError(why(error)) from error
        except WayError:
            link.close()
            raise
        return link


def _timeval(wait_s: float) -> bytes:
    """Write a kernel time-out; 0 is none."""
    return struct.pack("@ll", int(wait_s), int(wait_s % 1 * 1_000_000))
