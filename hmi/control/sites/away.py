"""A room at another place than its plant: how its plant is asked, and where its pages are."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from scada.bridge import Bridge, Message, Refused, Reply
from scada.config import Config
from scada.faces import SIGN_IN


@dataclass(frozen=True, slots=True)
class Away:
    """Which plant elsewhere a room shows, and the address of the room itself."""

    name: str
    home: Config


def address_of(url: str | None, port: int) -> str:
    """Give the address of another page of this machine as the asking browser reaches it."""
    asked = urlsplit(request.host_url)
    host = asked.hostname or "127.0.0.1"
    return url or f"{asked.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class AwayPlant:
    """A plant elsewhere, as pages ask it. Whom it no longer knows is signed out here, too."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self.on_stranger: Callable[[str], None] = lambda _: None

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
        """Ask, as the bridge does."""
        reply = self._bridge.ask(verb, args, user=user, role=role, session=session, why=why, within_s=within_s)
        if isinstance(reply, Refused) and reply.code == SIGN_IN and verb != SIGN_IN:
            self.on_stranger(user)
        return reply
