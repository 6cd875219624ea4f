"""One GET to a camera, with basic or digest access, that can neither hang nor swallow more than it should."""

import hashlib
import re
import secrets
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from lpr.source import Access, SourceError
from scada.clock import Clock

OPEN_S = 2.0
"""Connecting, asking and the head of the answer may take so long, all together."""
READ_S = 3.0
"""A frame may take so long, from when it is asked for to its last byte."""
_CHUNK = 65536
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class Reply:
    """The answer to a GET: its kind, and its body byte by byte within limits."""

    def __init__(self, sock: socket.socket, response: HTTPResponse, clock: Clock) -> None:
        self._sock = sock
        self._response = response
        self._clock = clock
        self.kind = response.headers.get_content_type()
        self.boundary = str(response.headers.get_param("boundary") or "")

    def more(self, until_s: float) -> bytes:
        """Give the next bytes, empty at the end. Raises SourceError when the time is up."""
        left_s = until_s - self._clock.seconds()
        if left_s <= 0:
            raise SourceError("a frame takes too long")
        try:
            self._sock.settimeout(left_s)
            return self._response.read1(_CHUNK)
        except TimeoutError as error:
            raise SourceError("a frame takes too long") from error
        except (OSError, HTTPException, ValueError, OverflowError) as error:  # OverflowError: a chunk without end
            raise SourceError("the connection broke off") from error

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._sock.close()


class Client:
    """Asks one address, and remembers how the camera wants to be told who we are."""

    def __init__(self, address: str, access: Access, clock: Clock) -> None:
        parts = urlsplit(address)
        self._is_secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._access = access
        self._clock = clock
        self._challenge: Mapping[str, str] | None = None
        self._count = 0

    def get(self) -> Reply:
        """Ask; a second time if the camera wants to know who we are. Raises SourceError."""
        reply = self._once()
        if isinstance(reply, list):
            self._challenge, self._count = chosen(reply), 0
            reply = self._once()
        if isinstance(reply, list):
            raise SourceError("user or password is refused")
        return reply

    def _once(self) -> Reply | list[str]:
        """Ask once; gives the challenges of a camera that wants to know who we are."""
        kind = HTTPSConnection if self._is_secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=OPEN_S)
        try:
            connection.connect()
            with _no_longer_than(OPEN_S, connection.sock):
                connection.request("GET", self._target, headers=self._head())
                sock, response = connection.sock, connection.getresponse()
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            raise SourceError(_in_words(error)) from error
        if response.status == 200:
            return Reply(sock, response, self._clock)
        response.close()
        connection.close()
        if response.status == 401 and self._access.user:
            return response.headers.get_all("WWW-Authenticate") or [""]
        raise SourceError(f"it answers {response.status}")

    def _head(self) -> dict[str, str]:
        head = {"Connection": "close", "Accept": "multipart/x-mixed-replace, image/jpeg, video/*"}
        if self._challenge is not None:
            self._count += 1
            head["Authorization"] = authorization(self._challenge, self._access, self._target, self._count)
        return head


def authorization(
    challenge: Mapping[str, str], access: Access, target: str, count: int, own_nonce: str | None = None
) -> str:
    """Answer a challenge: basic, or digest after RFC 7616. Raises SourceError for a manner we do not know."""
    if challenge["scheme"] == "basic":
        return "Basic " + b64encode(f"{access.user}:{access.password}".encode()).decode()
    realm, nonce, algorithm = challenge.get("realm", ""), challenge.get("nonce", ""), _algorithm(challenge)
    name = _HASHES.get(algorithm.upper())
    if name is None:
        raise SourceError(f"it wants digest by {algorithm[:20]}, which we do not know")
    fields = {"username": access.user, "realm": realm, "nonce": nonce, "uri": target}
    secret, what = _hash(name, access.user, realm, access.password), _hash(name, "GET", target)
    bare = {"algorithm": algorithm}
    if "auth" in re.split(r"[,\s]+", challenge.get("qop", "")):
        own = own_nonce or secrets.token_hex(8)
        fields |= {"cnonce": own, "response": _hash(name, secret, nonce, f"{count:08x}", own, "auth", what)}
        bare |= {"qop": "auth", "nc": f"{count:08x}"}
    else:
        fields["response"] = _hash(name, secret, nonce, what)
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    words = [f'{key}="{value}"' for key, value in fields.items()] + [f"{key}={value}" for key, value in bare.items()]
    return "Digest " + ", ".join(words)


def _hash(name: str, *parts: str) -> str:
    return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()


def chosen(heads: Sequence[str]) -> Mapping[str, str]:
    """Choose the manner that tells least of the password: digest before basic. Raises SourceError if we know none."""
    known, last = [], SourceError("it wants to know who we are in a way we do not know")
    for head in heads:
        try:
            known.append(_challenge(head))
        except SourceError as error:
            last = error
    if not known:
        raise last
    return min(known, key=lambda one: (one["scheme"] == "basic", _algorithm(one).upper() not in _HASHES))


def _algorithm(challenge: Mapping[str, str]) -> str:
    return challenge.get("algorithm", "MD5")


def _challenge(head: str) -> Mapping[str, str]:
    scheme, _, rest = head.strip().partition(" ")
    if scheme.lower() not in ("basic", "digest"):
        raise SourceError("it wants to know who we are in a way we do not know")
    try:
        fields = parse_keqv_list(parse_http_list(rest))
    except (ValueError, IndexError) as error:
        raise SourceError("its question who we are makes no sense") from error
    return {**{key.lower(): str(value) for key, value in fields.items()}, "scheme": scheme.lower()}


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(error, OSError):
        return f"it cannot be reached: {error.strerror or type(error).__name__}"
    return "its answer makes no sense"


@contextmanager
def _no_longer_than(limit_s: float, sock: socket.socket) -> Iterator[None]:
    """Break a connection off at a limit: a time-out of the socket begins anew with every byte that comes."""

    def end() -> None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    timer = threading.Timer(limit_s, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
