"""One who is told of alarms, an address or a webhook: a thread of its own, one thing at a time, and a limit for each.

Nobody who is slow holds up another one, nor the threads that the plant works with.
"""

import asyncio
import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

from scada.engine.reporting.mail import NotSent

LIMIT_S: Final = 10.0
"""How long a webhook may take, from the call to its answer."""
SIGNATURE: Final = "X-Daozha-Signature"


class Receiver:
    """A thread that begins with the first thing to tell."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, f"notify {name}"[:60])

    async def tell(self, send: Callable[[], None]) -> None:
        """Send in the thread, after what was asked before."""
        await asyncio.get_running_loop().run_in_executor(self._thread, send)

    def close(self) -> None:
        """Begin nothing more; what is under way ends by its own limit."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def signature(secret: str, body: bytes) -> str:
    """Sign a body: who has the same secret knows that it is ours and whole."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def call(url: str, secret: str, body: bytes, trust: ssl.SSLContext | None = None, limit_s: float = LIMIT_S) -> None:
    """Post a signed body; nothing but a success counts, and no other address is followed. Raises NotSent."""
    headers = {"Content-Type": "application/json", SIGNATURE: signature(secret, body)}
    try:
        with closing(_link(url, trust, limit_s)) as link:
            cut = Timer(limit_s, _cut, (link,))
            cut.daemon = True
            cut.start()
            try:
                link.request("POST", _path(url), body, headers)
                status = link.getresponse().status
            finally:
                cut.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: an address that is none
        raise NotSent(str(error)[:120] or type(error).__name__) from error
    if not 200 <= status < 300:
        raise NotSent(f"it answered {status}")


def _cut(link: http.client.HTTPConnection) -> None:
    """End a call whose time is over, however slowly its answer drips."""
    try:
        if link.sock is not None:
            link.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _link(url: str, trust: ssl.SSLContext | None, limit_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=limit_s, context=trust)
    return http.client.HTTPConnection(host, parts.port, timeout=limit_s)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
