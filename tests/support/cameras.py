"""A camera over HTTP that behaves as badly as it is told to, and may be told otherwise while it runs."""

import hashlib
import re
import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

import cv2
import numpy as np

from lpr.picture import Picture

FRAME_S = 0.05
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=edge\r\n\r\n"
_STILL = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
_NONCE = "8f2b"


def shaded(shade: int, number: int) -> Picture:
    """Draw a picture of one brightness, with noise that differs from number to number."""
    noise = np.random.default_rng(number).integers(-20, 21, (90, 160, 3))
    return np.clip(noise + shade, 0, 255).astype(np.uint8)


def jpeg_of(picture: Picture) -> bytes:
    """Encode a picture."""
    return bytes(cv2.imencode(".jpg", picture)[1])


class BadCamera:
    """Serves on a port of its own; `manner` says how, by the name of one of the methods below."""

    def __init__(self, manner: str = "good") -> None:
        self.manner = manner
        self.shade = 60
        self.scene: Picture | None = None
        """What it looks at; a grey wall of this shade if nothing."""
        self.answered = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="bad camera", daemon=True)]
        self._number = 0

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._server.getsockname()[1])

    @property
    def address(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/video"

    def __enter__(self) -> "BadCamera":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        manners: Mapping[str, Callable[[socket.socket, str], None]] = {
            "good": self.good,
            "without lengths": self.without_lengths,
            "still": self.still,
            "digest": self.digest,
            "silent": self.silent,
            "hangs in a part": self.hangs_in_a_part,
            "drips its head": self.drips_its_head,
            "drips a part": self.drips_a_part,
            "endless head": self.endless_head,
            "20 MB part": self.huge_part,
            "endless part": self.endless_part,
            "text": self.text,
            "torn": self.torn,
            "hangs up": self.hangs_up,
            "backlog": self.backlog,
            "same for ever": self.same_for_ever,
            "only its clock": self.only_its_clock,
        }
        with connection:
            try:
                asked = connection.recv(4096).decode("latin-1")
                manners[self.manner](connection, asked)
            except OSError:
                return

    def _go_on(self, wait_s: float = FRAME_S) -> bool:
        return not self._stop.wait(wait_s)

    def _picture(self) -> bytes:
        self._number += 1
        return jpeg_of(self._seen(self._number))

    def _seen(self, number: int) -> Picture:
        if self.scene is None:
            return shaded(self.shade, number)
        noise = np.random.default_rng(number % 8).integers(-4, 5, (*self.scene.shape[:2], 1))
        seen: Picture = np.clip(self.scene + noise, 0, 255).astype(np.uint8)
        return seen

    def _part(self, jpeg: bytes) -> bytes:
        self.answered += 1
        return b"--edge\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)

    def _while(self, manner: str) -> bool:
        return self._go_on() and self.manner == manner

    def good(self, connection: socket.socket, asked: str) -> None:
        """Stream as it should."""
        connection.sendall(_HEAD)
        while self._while("good"):
            connection.sendall(self._part(self._picture()))

    def without_lengths(self, connection: socket.socket, asked: str) -> None:
        """Stream parts that end where the next begins."""
        connection.sendall(_HEAD)
        while self._while("without lengths"):
            connection.sendall(b"--edge\r\nContent-Type: image/jpeg\r\n\r\n" + self._picture() + b"\r\n")

    def still(self, connection: socket.socket, asked: str) -> None:
        """Give one picture."""
        picture = self._picture()
        self.answered += 1
        connection.sendall(_STILL % len(picture) + picture)

    def digest(self, connection: socket.socket, asked: str) -> None:
        """Give one picture to whoever knows the password, after RFC 7616 with MD5."""
        said = dict(re.findall(r'(\w+)="?([^",\s]+)"?', asked.partition("Authorization: Digest ")[2]))
        secret, what = _md5("eye", "gate", "s3cret"), _md5("GET", said.get("uri", ""))
        right = _md5(secret, _NONCE, said.get("nc", ""), said.get("cnonce", ""), "auth", what)
        if said.get("response") == right:
            self.still(connection, asked)
        else:
            question = f'Digest realm="gate", qop="auth", nonce="{_NONCE}", algorithm=MD5'
            connection.sendall(
                f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {question}\r\nContent-Length: 0\r\n\r\n".encode()
            )

    def silent(self, connection: socket.socket, asked: str) -> None:
        """Take the question and never answer."""
        while self._while("silent"):
            continue

    def hangs_in_a_part(self, connection: socket.socket, asked: str) -> None:
        """Stop in the middle of the first picture."""
        connection.sendall(_HEAD + self._part(self._picture())[:900])
        while self._while("hangs in a part"):
            continue

    def drips_its_head(self, connection: socket.socket, asked: str) -> None:
        """Send the head a byte at a time, so that no wait for bytes is ever long."""
        for byte in _HEAD * 100:
            connection.sendall(bytes([byte]))
            if not self._go_on(0.1):
                return

    def drips_a_part(self, connection: socket.socket, asked: str) -> None:
        """Send a picture a byte at a time."""
        connection.sendall(_HEAD)
        for byte in self._part(self._picture()):
            connection.sendall(bytes([byte]))
            if not self._go_on(0.1):
                return

    def endless_head(self, connection: socket.socket, asked: str) -> None:
        """Send heads without end."""
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while self._go_on(0.0):
            connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")

    def huge_part(self, connection: socket.socket, asked: str) -> None:
        """Announce a picture of 20 MB and send it."""
        connection.sendall(_HEAD + b"--edge\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"\xff\xd8" * 50_000)

    def endless_part(self, connection: socket.socket, asked: str) -> None:
        """Send a part without length and without end."""
        connection.sendall(_HEAD + b"--edge\r\n\r\n\xff\xd8")
        while self._go_on(0.0):
            connection.sendall(b"\x00" * 100_000)

    def text(self, connection: socket.socket, asked: str) -> None:
        """Show its page for people."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>welcome</html>")

    def torn(self, connection: socket.socket, asked: str) -> None:
        """Lose the second half of every picture."""
        connection.sendall(_HEAD)
        while self._while("torn"):
            picture = self._picture()
            connection.sendall(self._part(picture[: len(picture) // 2]))

    def hangs_up(self, connection: socket.socket, asked: str) -> None:
        """End the stream after its head."""
        connection.sendall(_HEAD)

    def backlog(self, connection: socket.socket, asked: str) -> None:
        """Send what lay in a queue first, dark and all at once; then what is now, bright."""
        connection.sendall(_HEAD + b"".join(self._part(jpeg_of(shaded(30, n))) for n in range(20)))
        self.shade = 220
        while self._while("backlog"):
            connection.sendall(self._part(self._picture()))

    def same_for_ever(self, connection: socket.socket, asked: str) -> None:
        """Show the same picture for ever, its head telling another time for each."""
        connection.sendall(_HEAD)
        picture = self._picture()
        while self._while("same for ever"):
            connection.sendall(
                self._part(picture[:2] + b"\xff\xfe\x00\x06%04d" % (self.answered % 10_000) + picture[2:])
            )

    def only_its_clock(self, connection: socket.socket, asked: str) -> None:
        """Show a picture that stands, with a clock that goes."""
        connection.sendall(_HEAD)
        standing = self._seen(1)
        if self.scene is None:
            standing = cv2.resize(standing, (640, 360), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        while self._while("only its clock"):
            shown: Picture = standing.copy().astype(np.uint8)
            cv2.putText(shown, f"{self.answered:06d}", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
            connection.sendall(self._part(jpeg_of(shown)))


def _md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()
