"""The door for control rooms elsewhere: mutual TLS, and no more than each room's people may do here.

A room shows its certificate; a person, the password of an account of this plant. The room is believed about nobody: a
person is somebody here only after this plant has checked the password through that room, and until the day's end.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from scada.clock import Clock, real_unix_seconds
from scada.engine.doors.entrance import Connected
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.unix import SocketError
from scada.faces import FACE, SIGN_IN, SIGN_OUT
from scada.model.rights import changes, token_of
from scada.settings.sites import AllowedRoom, Rooms
from scada.store.operators import Operators
from scada.tls import Shown, TlsError, TlsFiles, context_of, same_fingerprint, shown_by

BACKLOG: Final = 16
MOST_OF_A_ROOM: Final = 4
"""Connections of one room at a time."""
HANDSHAKE_S: Final = 5.0
LASTS_S: Final = 6 * 3600.0
"""Then a room connects anew, and shows a certificate that is still good."""
SIGNED_IN_S: Final = 12 * 3600.0
MOST_PEOPLE: Final = 500

log = structlog.get_logger()


class People:
    """Who has signed in through which room, and until when; in memory alone: a plant that starts again asks anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[tuple[str, str], float] = {}

    def let_in(self, room: str, name: str) -> None:
        """Note that this plant has checked a password that came through a room."""
        now_s = self._clock.seconds()
        self._until_s = {who: until_s for who, until_s in self._until_s.items() if until_s > now_s}
        if len(self._until_s) >= MOST_PEOPLE:
            raise BridgeRefusal("refused", "too many people work from elsewhere")
        self._until_s[room, name] = now_s + SIGNED_IN_S

    def leaves(self, room: str, name: str) -> None:
        """Note that somebody has signed out."""
        self._until_s.pop((room, name), None)

    def are_in(self, room: str, name: str) -> bool:
        """Say whether somebody is in by this room."""
        return self._until_s.get((room, name), 0.0) > self._clock.seconds()


class RoomVerbs:
    """What one room may ask: with every verb goes who asks, and whether that person is in by this room."""

    def __init__(
        self,
        room: AllowedRoom,
        verbs: Mapping[str, Handler],
        operators: Operators,
        people: People,
        face: Callable[[], object],
    ) -> None:
        self._room = room
        self._verbs = verbs
        self._operators = operators
        self._people = people
        self._face = face

    def verbs(self) -> dict[str, Handler]:
        """Give them by name; programs with tokens and providers' words are asked for at the site alone."""
        asked = {verb: self._checked(handler) for verb, handler in self._verbs.items() if verb not in _AT_SITE}
        return {**asked, SIGN_IN: self._sign_in, SIGN_OUT: self._sign_out, FACE: self._show_face}

    def _checked(self, handler: Handler) -> Handler:
        async def check_and_do(ask: Ask) -> object:
            if not self._people.are_in(self._room.name, ask.user):
                raise BridgeRefusal(SIGN_IN, f"{ask.user or 'nobody'} has not signed in at this plant")
            if await self._operators.role_of(ask.user) not in self._room.roles or token_of(ask.session):
                raise BridgeRefusal("forbidden", f"{ask.user} may not work from {self._room.name}")
            if changes(ask.verb) and ask.verb not in _QUIET:
                await self._operators.note(ask.user, "from a control room", {"room": self._room.name, "verb": ask.verb})
            return await handler(ask)

        return check_and_do

    async def _sign_in(self, ask: Ask) -> object:
        """Check the password here, as for the site's own room; the address is told with the room before it."""
        address = f"{self._room.name}: {ask.args.get('address', '')}"[:100]
        found = await self._verbs[SIGN_IN](replace(ask, args={**ask.args, "address": address}))
        name, role = (str(found[key]) if isinstance(found, dict) else "" for key in ("name", "role"))
        if role not in self._room.roles:
            raise BridgeRefusal("refused", f"people of the role {role} do not work here from {self._room.name}")
        self._people.let_in(self._room.name, name)
        return found

    async def _sign_out(self, ask: Ask) -> object:
        self._people.leaves(self._room.name, ask.user)
        return {"left": True}

    async def _show_face(self, _: Ask) -> object:
        return self._face()


_AT_SITE: Final = frozenset({"bearer", "sign_in_oidc"})
_QUIET: Final = frozenset({"desk_here", "desk_shift", "cash_price", "plate_history", "live_picture"})
"""What pages say by themselves, or only look at: it changes nothing by itself, or is journaled for what it is."""


class RoomEntrance:
    """A TLS listener that knows its control rooms by their certificates."""

    def __init__(
        self, rooms: Rooms, files: TlsFiles, operators: Operators, people: People, face: Callable[[], object]
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._operators = operators
        self._face = face
        self._people = people
        self._here: Counter[str] = Counter()
        self._counted: dict[asyncio.StreamWriter, str] = {}

    async def open(self, connected: Connected) -> asyncio.Server:
        """Listen. Raises SocketError, also for certificates that cannot be used."""
        try:
            context = await asyncio.to_thread(lambda: context_of(self._files, serves=True))
            server = await asyncio.start_server(
                connected,
                self._rooms.host,
                self._rooms.port,
                ssl=context,
                backlog=BACKLOG,
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=1.0,
            )
        except TlsError as error:
            raise SocketError(f"rooms: {error}") from error
        except OSError as error:
            what = error.strerror or str(error)
            raise SocketError(f"rooms: listen at {self._rooms.host}:{self._rooms.port}: {what}") from error
        log.info("control rooms elsewhere may come", host=self._rooms.host, port=self._rooms.port)
        return server

    async def close(self) -> None:
        """Nothing is left behind."""

    def objection(self, writer: asyncio.StreamWriter) -> str:
        """Refuse a certificate that names no room of ours, or another than the one written down."""
        shown = _shown(writer)
        room = self._room(shown)
        if room is None:
            return f"{shown.name if shown else 'nobody'} is no control room of this plant"
        if self._here[room.name] >= MOST_OF_A_ROOM:
            return f"{room.name} has {MOST_OF_A_ROOM} connections already"
        self._here[room.name] += 1
        self._counted[writer] = room.name
        return ""

    def verbs_for(self, writer: asyncio.StreamWriter, verbs: Mapping[str, Handler]) -> Mapping[str, Handler]:
        """Give what the room may ask."""
        room = self._room(_shown(writer))
        return {} if room is None else RoomVerbs(room, verbs, self._operators, self._people, self._face).verbs()

    def lasts_s(self, writer: asyncio.StreamWriter) -> float | None:
        """End a connection before its certificate does."""
        shown = _shown(writer)
        left_s = shown.until.timestamp() - real_unix_seconds() if shown else 0.0
        return max(0.0, min(LASTS_S, left_s))

    def left(self, writer: asyncio.StreamWriter) -> None:
        """Count the room's connections."""
        room = self._counted.pop(writer, None)
        if room is not None:
            self._here[room] -= 1

    def _room(self, shown: Shown | None) -> AllowedRoom | None:
        return next((room for room in self._rooms.allowed if shown is not None and is_of(room, shown)), None)


def is_of(room: AllowedRoom, shown: Shown) -> bool:
    """Say whether a certificate is this room's."""
    pinned = room.fingerprint is None or same_fingerprint(room.fingerprint, shown.fingerprint)
    return shown.name == room.name and pinned


def _shown(writer: asyncio.StreamWriter) -> Shown | None:
    session = writer.get_extra_info("ssl_object")
    der = session.getpeercert(binary_form=True) if isinstance(session, ssl.SSLObject) else None
    try:
        return None if der is None else shown_by(der)
    except TlsError:
        return None
