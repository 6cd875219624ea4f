"""Where a door of the plant stands, and whom it lets in: web processes of this user by a Unix socket."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from scada.engine.doors import unix
from scada.engine.doors.peer import Handler

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


class Entrance(Protocol):
    """How peers come in, and what each may ask."""

    async def open(self, connected: Connected) -> asyncio.Server:
        """Listen. Raises `unix.SocketError`."""

    async def close(self) -> None:
        """Take away what is left behind."""

    def objection(self, writer: asyncio.StreamWriter) -> str:
        """Say why this peer may not come in; nothing if it may."""

    def verbs_for(self, writer: asyncio.StreamWriter, verbs: Mapping[str, Handler]) -> Mapping[str, Handler]:
        """Give what this peer may ask."""

    def lasts_s(self, writer: asyncio.StreamWriter) -> float | None:
        """Say how long a connection lasts at most; None is as long as it likes."""

    def left(self, writer: asyncio.StreamWriter) -> None:
        """Hear that a peer has gone, or was not let in."""


class UnixEntrance:
    """A socket that only this user can reach."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self, connected: Connected) -> asyncio.Server:
        """Listen."""
        listener = await asyncio.to_thread(unix.bind, self._path)
        return await asyncio.start_unix_server(connected, sock=listener)

    async def close(self) -> None:
        """Take the socket's file away."""
        await asyncio.to_thread(unix.remove, self._path)

    def objection(self, writer: asyncio.StreamWriter) -> str:
        """Refuse other users."""
        uid = unix.peer_uid(writer)
        return "" if uid == os.getuid() else f"user {uid} may not use this bridge"

    def verbs_for(self, writer: asyncio.StreamWriter, verbs: Mapping[str, Handler]) -> Mapping[str, Handler]:
        """Give them all."""
        return verbs

    def lasts_s(self, writer: asyncio.StreamWriter) -> float | None:
        """Let it last."""
        return None

    def left(self, writer: asyncio.StreamWriter) -> None:
        """Nothing is kept."""
