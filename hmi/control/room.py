"""What all requests of the control room share."""

from dataclasses import dataclass, field
from typing import Protocol

from flask import current_app

from hmi.control.archive import Archive
from hmi.control.live import Live
from hmi.control.push import Push
from hmi.control.sessions import Registry
from hmi.control.sites.away import Away
from hmi.control.sites.wall import Wall
from hmi.control.turns import Turns
from scada.bridge import Message, Reply
from scada.config import Config


class Plant(Protocol):
    """The bridge, as far as pages need it."""

    def ask(
        self,
        verb: str,
        args: Message,
        *,
        user: str = "",
        role: str = "",
        session: str = "",
        why: str = "",
        within_s: float = 2.0,
    ) -> Reply:
        """Ask the plant; the answer is its value, its refusal, or that nobody knows."""


@dataclass(frozen=True, slots=True)
class Room:
    """The control room's parts."""

    config: Config
    plant: Plant
    registry: Registry
    live: Live
    push: Push
    archive: Archive
    turns: Turns = field(default_factory=Turns)
    """Of questions to the history."""
    wall: Wall = field(default_factory=Wall)
    """All car parks, in the room's own pages."""
    away: Away | None = None
    """Which plant elsewhere these pages are of; None for the room's own."""


def room() -> Room:
    """Give the parts to the request now being answered."""
    found = current_app.extensions["room"]
    assert isinstance(found, Room)  # noqa: S101  # put there by the factory
    return found
