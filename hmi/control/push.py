"""Batches of changed tags to the browsers, over WebSockets only.

Each batch has a number; the browser acknowledges one in five. One that lags leaves the room, is sent nothing until it
has acknowledged all it was sent, and then gets a single snapshot: a slow screen is never an old one for long.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, request, session
from flask_socketio import SocketIO
from socketio.exceptions import ConnectionRefusedError  # type: ignore[import-untyped]

from hmi.control.live import Change, Live, plates_covered
from hmi.control.sessions import Registry
from scada.bridge import Message
from scada.model.rights import LOOK, SEE_PLATES

ROOM = "live"
COVERED_ROOM = "live, plates covered"
LAG = 10
"""Batches a browser may be behind."""
_SPACE = "/"
_RECHECK_S = 1.0


@dataclass(slots=True)
class _Client:
    key: str
    room: str
    sent: int = 0
    acked: int = 0
    is_live: bool = False
    watches: bool = False
    """The browser shows the wall of all car parks."""


class Push:
    """All browsers' sockets of this process."""

    def __init__(self, app: Flask, registry: Registry, live: Live, seconds: Callable[[], float]) -> None:
        self._registry = registry
        self._live = live
        self._seconds = seconds
        self._lock = threading.RLock()
        self._clients: dict[str, _Client] = {}
        self._seq = 0
        self._checked_s = seconds()
        # the stubs know neither the Engine.IO settings nor the server behind
        self._io = cast(Any, SocketIO)(
            app,
            async_mode="threading",
            cors_allowed_origins=None,
            manage_session=False,
            transports=["websocket"],
            ping_interval=5,
            ping_timeout=5,
            max_http_buffer_size=65_536,
        )
        self._io.on_event("connect", self._on_connect)
        self._io.on_event("disconnect", self._on_disconnect)
        self._io.on_event("join", self._on_join)
        self._io.on_event("ack", self._on_ack)
        self._io.on_event("watch_sites", self._on_watch_sites)

    # what the plant says, in the outbox's thread

    def on_snapshot(self, told: Message) -> None:
        """The plant was found, or found again: everything anew, to everyone."""
        self._live.replace(*_content(told, "tags"))
        with self._lock:
            self._seq += 1
            for sid, client in self._clients.items():
                if client.is_live:
                    self._send_snapshot(sid, client)

    def on_changes(self, told: Message) -> None:
        """A batch, perhaps an empty one: the heartbeat."""
        at, changes = _content(told, "changes")
        self._live.change(at, changes)
        with self._lock:
            self._seq += 1
            self._part_with_the_slow()
            batch = {"seq": self._seq, "s": self._seconds(), "at": at, "changes": changes}
            self._io.emit("batch", batch, to=ROOM)
            self._io.emit("batch", {**batch, "changes": plates_covered(changes)}, to=COVERED_ROOM)
        self._drop_signed_out()

    def on_link(self, site: Mapping[str, object] | None) -> None:
        """The plant greets, or is lost (None); what it shows comes with its snapshot."""
        self._live.link(site)
        if site is None:
            for place in (ROOM, COVERED_ROOM):
                self._io.emit("link", {"up": False}, to=place)

    # what the wall says, in its own thread

    @property
    def has_watchers(self) -> bool:
        """Say whether a browser shows the wall."""
        with self._lock:
            return any(client.watches for client in self._clients.values())

    def tell_wall(self, lots: Callable[[bool], object]) -> None:
        """Tell every browser that shows it and keeps up; `lots` gives them with money or without."""
        with self._lock:
            for sid, client in self._clients.items():
                found = self._registry.get(client.key) if client.watches and client.is_live else None
                if found is not None:
                    self._io.emit("sites", lots(found.may_see_money), to=sid)
        self._drop_signed_out()

    # what browsers say

    def _on_connect(self) -> None:
        found = self._registry.get(session.get("key"))
        if found is None or found.must_change or not found.may(LOOK):
            raise ConnectionRefusedError("sign in")
        with self._lock:
            self._clients[_sid()] = _Client(found.key, ROOM if found.may(SEE_PLATES) else COVERED_ROOM)

    def _on_disconnect(self, _reason: object = None) -> None:
        with self._lock:
            self._clients.pop(_sid(), None)

    def _on_join(self) -> None:
        with self._lock:
            client = self._known(_sid())
            if client is not None:
                self._send_snapshot(_sid(), client)

    def _on_ack(self, seq: object) -> None:
        with self._lock:
            client = self._known(_sid())
            if client is None or not isinstance(seq, int):
                return
            client.acked = max(client.acked, min(seq, self._seq))
            if not client.is_live and 0 < client.sent <= client.acked:
                self._send_snapshot(_sid(), client)

    def _on_watch_sites(self) -> None:
        with self._lock:
            client = self._known(_sid())
            if client is not None:
                client.watches = True

    def _known(self, sid: str) -> _Client | None:
        """Give the client if its session still stands; every event asks again."""
        client = self._clients.get(sid)
        found = None if client is None else self._registry.get(client.key)
        if found is None or not found.may(LOOK):
            return None
        return client

    # sending, under the lock, so that numbers reach every wire in order

    def _send_snapshot(self, sid: str, client: _Client) -> None:
        client.sent = client.acked = self._seq
        client.is_live = True
        told = self._live.snapshot(covered=client.room == COVERED_ROOM)
        self._io.emit("snapshot", {"seq": self._seq, "s": self._seconds(), **told}, to=sid)
        with suppress(KeyError, ValueError):  # it has gone in this moment; the library says so first, and then us
            self._io.server.enter_room(sid, client.room, namespace=_SPACE)

    def _part_with_the_slow(self) -> None:
        for sid, client in self._clients.items():
            if client.is_live and self._seq - client.acked > LAG:
                client.is_live = False
                self._io.server.leave_room(sid, client.room, namespace=_SPACE)
            elif client.is_live:
                client.sent = self._seq

    # letting go

    def _drop_signed_out(self) -> None:
        if self._seconds() - self._checked_s >= _RECHECK_S:
            self._checked_s = self._seconds()
            self.drop_signed_out()

    def drop_signed_out(self) -> None:
        """Disconnect every socket whose session has ended: the library reads the cookie only once."""
        with self._lock:
            gone = [sid for sid, client in self._clients.items() if self._registry.get(client.key) is None]
        for sid in gone:
            # in a thread: it waits until the browser has taken what it was sent
            self._io.start_background_task(self._io.server.disconnect, sid, namespace=_SPACE)

    def stop(self) -> None:
        """Close every socket without waiting for any of them."""
        for connection in list(self._io.server.eio.sockets.values()):
            connection.close(wait=False)


def _content(told: Message, key: str) -> tuple[str | None, list[Change]]:
    at, entries = told["at"], told[key]
    if not isinstance(entries, list) or not isinstance(at, str | None):
        raise TypeError(f"{key} at {at!r}: not what a plant tells")
    return at, entries


def _sid() -> str:
    return str(getattr(request, "sid", ""))
