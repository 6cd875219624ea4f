"""All car parks of this control room: what each was last heard to say, and how long ago."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hmi.control.live import Live
from hmi.control.sites.lot import Lot, lot_of, without_money
from scada.bridge import Message


class Heard(Protocol):
    """The bridge, as far as the wall needs it."""

    @property
    def trouble(self) -> str:
        """Why the plant is not there."""

    @property
    def silent_s(self) -> float | None:
        """How long it has said nothing."""

    @property
    def hello(self) -> Message:
        """What it said of itself."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One car park: its names, where its pages are, and its tags as last told."""

    name: str
    title: str
    title_en: str
    bridge: Heard
    port: int
    url: str | None = None
    live: Live = field(default_factory=Live)

    def on_snapshot(self, told: Message) -> None:
        """Take everything anew."""
        tags, at = told["tags"], told["at"]
        if isinstance(tags, list):
            self.live.replace(at if isinstance(at, str) else None, tags)

    def on_changes(self, told: Message) -> None:
        """Take a batch."""
        changes, at = told["changes"], told["at"]
        if isinstance(changes, list):
            self.live.change(at if isinstance(at, str) else None, changes)

    def on_link(self, is_up: bool) -> None:
        """Take the news that the plant greets, or is lost."""
        site = self.bridge.hello.get("site")
        self.live.link(site if is_up and isinstance(site, dict) else None)

    def lot(self) -> Lot:
        """Make its card."""
        return lot_of(self.name, self.live.snapshot(covered=False), self.bridge.silent_s, self.bridge.trouble)


@dataclass(frozen=True, slots=True)
class Wall:
    """The car parks in their order; the room's own comes first."""

    watches: Sequence[Watch] = ()

    def lots(self, *, money: bool) -> list[Lot]:
        """Make all cards."""
        cards = [watch.lot() for watch in self.watches]
        return cards if money else [without_money(card) for card in cards]
