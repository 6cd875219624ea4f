"""The plant's end of the bridge: one door per web process, with its own short list of verbs.

The plant tells changed tags every 100 ms and never waits for a reader: one that is too slow is
skipped and later gets a fresh snapshot. What a web process asks is answered by a handler of the
plant, which checks every right itself.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

import orjson
import structlog

from scada.clock import Clock
from scada.engine.doors.entrance import Entrance, UnixEntrance
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler, Peer, receive
from scada.engine.mailbox import LatestOnly, Mailbox
from scada.engine.tags import Batch, TagTable, merged
from scada.model.frames import PROTOCOL, FrameError, framed
from scada.model.tag import TagName, TagValue

__all__ = ["Ask", "BridgeRefusal", "BridgeServer", "Handler"]

TELL_S = 0.1
HEARTBEAT_S = 1.0
"""An empty batch goes out when there was nothing to tell for this long."""
HELLO_S = 2.0
HANG_UP_S = 0.5
"""How long a peer may take to read what was already sent, when the plant hangs up."""

Row = Callable[[TagName, TagValue], tuple[object, ...]]
"""How one tag is told."""

log = structlog.get_logger()


def row_of(name: TagName, value: TagValue) -> tuple[object, ...]:
    """Write one tag for the web; a tag that was never seen has no time."""
    at = value.seen_at.isoformat() if value.seq else None
    return (name, value.value, value.quality.status_code, at)


class BridgeServer:
    """Serves one web process; `async with`. With `tags` it also tells every change of them, or of `names` only."""

    def __init__(
        self,
        at: Path | Entrance,
        app: str,
        verbs: Mapping[str, Handler],
        hello: Mapping[str, object],
        clock: Clock,
        tags: TagTable | None = None,
        names: frozenset[TagName] | None = None,
        row: Row = row_of,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._entrance = UnixEntrance(at) if isinstance(at, Path) else at
        self._app = app
        self._verbs = verbs
        self._greeting = {"hello": PROTOCOL, **hello}
        self._greeted = self._hello()
        self._clock = clock
        self._tags = tags
        self._names = names
        self._row = row
        self._heartbeat_s = heartbeat_s
        self._changes: Mailbox[Batch] = Mailbox(f"bridge {app}", 1, LatestOnly(merged))
        self._peers: set[Peer] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._seq = 0
        self._told_s = 0.0

    async def __aenter__(self) -> Self:
        """Listen. Raises `unix.SocketError`."""
        self._server = await self._entrance.open(self._connected)
        if self._tags is not None:
            self._tags.subscribe(self._changes, self._names)
            self._keep(asyncio.create_task(self._tell_forever(self._tags), name=f"bridge {self._app} tells"))
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Hang up and take the socket away."""
        if self._tags is not None:
            self._tags.unsubscribe(self._changes)
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._entrance.close()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk in a task of ours: the one that asyncio would make complains when it is cancelled."""
        self._keep(asyncio.create_task(self._talk(reader, writer), name=f"bridge {self._app} serves"))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await self._greet(reader, writer):
                verbs = self._entrance.verbs_for(writer, self._verbs)
                async with asyncio.timeout(self._entrance.lasts_s(writer)):
                    await self._serve(Peer(self._app, reader, writer, verbs))
        except TimeoutError:
            log.info("a connection has lasted long enough", app=self._app)
        finally:
            self._entrance.left(writer)
            await _hang_up(writer)

    async def _serve(self, peer: Peer) -> None:
        peer.send(self._hello())
        if self._tags is not None:
            peer.send(self._snapshot(self._tags))
            self._peers.add(peer)
        try:
            await peer.serve()
        except* FrameError as errors:
            log.warning("a web process was cut off", app=self._app, error=str(errors.exceptions[0]))
        finally:
            self._peers.discard(peer)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        refusal = await self._objection(reader, writer)
        if refusal:
            log.warning("a web process was refused", app=self._app, why=refusal)
            writer.write(framed(orjson.dumps({"refused": refusal})))
        return not refusal

    async def _objection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        try:
            async with asyncio.timeout(HELLO_S):
                hello = await receive(reader)
        except (TimeoutError, FrameError):
            return "no hello came"
        if objection := self._entrance.objection(writer):
            return objection
        if hello is None or hello.get("hello") != PROTOCOL:
            return f"this plant speaks version {PROTOCOL} of the bridge"
        if hello.get("app") != self._app:
            return f"this socket is for {self._app}"
        return ""

    async def _tell_forever(self, tags: TagTable) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self._tell(tags)

    def _hello(self) -> bytes:
        """Write what the plant says of itself as it is now: a site's names may be set while it runs."""
        return framed(orjson.dumps(self._greeting))

    def _greet_again(self) -> None:
        hello = self._hello()
        if hello != self._greeted:
            self._greeted = hello
            for peer in self._peers:
                peer.send(hello)

    def _tell(self, tags: TagTable) -> None:
        self._greet_again()
        batches = self._changes.drain()
        now_s = self._clock.seconds()
        if not batches and now_s - self._told_s < self._heartbeat_s:
            return
        self._told_s = now_s
        self._seq += 1
        changes = batches[0] if batches else {}
        tell = self._frame("tell", "changes", changes.items())
        snapshot: bytes | None = None
        for peer in self._peers:
            if peer.is_full:
                peer.is_behind = True
            elif peer.is_behind:
                snapshot = snapshot or self._snapshot(tags)
                peer.send(snapshot)
                peer.is_behind = False
            else:
                peer.send(tell)

    def _snapshot(self, tags: TagTable) -> bytes:
        told = (
            tags.snapshot() if self._names is None else {name: tags.get(name) for name in self._names if name in tags}
        )
        return self._frame("snapshot", "tags", told.items())

    def _frame(self, kind: str, rows: str, values: Iterable[tuple[TagName, TagValue]]) -> bytes:
        content = {
            "seq": self._seq,
            "at": self._clock.now().isoformat(),
            rows: [self._row(name, value) for name, value in values],
        }
        return framed(orjson.dumps({kind: content}))


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection; a peer that does not read does not hold the plant up."""
    writer.close()
    try:
        async with asyncio.timeout(HANG_UP_S):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError as error:
        log.debug("a web process was gone already", error=str(error))
