"""Which of two servers leads a site: a lease with a number that only grows (docs/decisions/0075). Functions of values.

Two clocks, and no third. By the database's a lease ends; by the leader's own, which nobody sets, the leader stops
*before* that. Wall time of a server decides nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

MARGIN_S: Final = 2.5
"""A leader stops so long before its lease can end elsewhere: longer than any write waits for its link to a PLC."""
STILL: Final = 2.0
"""A lease that has not moved for so many of its lengths has ended: the database's clock was set back."""
LEADS: Final = " leads"
"""Ends the reason of a server that follows another."""

Role = Literal["leads", "follows"]
Others = Literal["none", "ready", "differs", "missing"]
"""What a leader knows of the other servers; `none`: the site has no standby."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a lease holds after each renewal."""

    length_s: float

    @property
    def every_s(self) -> float:
        """How often it is renewed."""
        return self.length_s / 6

    @property
    def reach_s(self) -> float:
        """How long after a renewal has *begun* the leader may command."""
        return self.length_s - MARGIN_S


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `id` is its data folder's own; `keys` and `files` are digests of what both must have alike."""

    name: str
    id: str
    keys: str
    files: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease as it stands in the database; `left_s` by the database's clock, `heir` is who shall have it next."""

    holder: str
    holder_id: str
    epoch: int
    beat: int
    left_s: float
    heir: str | None
    keys: str


@dataclass(frozen=True, slots=True)
class Sight:
    """Since when, by our own clock, a lease has been seen as it is."""

    epoch: int
    beat: int
    since_s: float


@dataclass(frozen=True, slots=True)
class Take:
    """Nobody leads: the lease may be taken."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Somebody else leads, or shall, or we must not."""

    why: str


def sighted(before: Sight | None, lease: Lease, now_s: float) -> Sight:
    """Note since when the lease has not moved."""
    if before is not None and (before.epoch, before.beat) == (lease.epoch, lease.beat):
        return before
    return Sight(lease.epoch, lease.beat, now_s)


def judge(lease: Lease | None, me: Server, still_s: float, terms: Terms) -> Take | Follow:
    """Decide whether this server may take the lease.

    Its own is free at once: whoever asks holds the lock of the data folder, so that its former process is dead.
    """
    if lease is None:
        return Take()
    mine = lease.holder_id == me.id
    if not mine and lease.keys and lease.keys != me.keys:
        return Follow(f"the keys in this server's data folder are not those of {lease.holder}: see docs/standby.md")
    if lease.heir not in (None, me.name):
        if max(-lease.left_s, still_s - terms.length_s) >= STILL * terms.length_s:
            return Take()
        return Follow(f"{lease.heir} shall lead next")
    if mine or lease.left_s <= 0 or still_s >= STILL * terms.length_s:
        return Take()
    return Follow(f"{lease.holder}{LEADS}")


def others(me: Server, alive: Sequence[Server]) -> Others:
    """Say whether another server could go on at once."""
    if not alive:
        return "missing"
    return "ready" if any((one.keys, one.files) == (me.keys, me.files) for one in alive) else "differs"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a plant says of itself to the processes beside it; good until `until_s` of the machine that `boot` names."""

    role: Role
    name: str
    leader: str
    epoch: int
    until_s: float
    boot: str
    why: str = ""

    def leads(self, now_s: float, boot: str) -> bool:
        """Say whether this server leads now, by the machine's own clock."""
        return self.role == "leads" and self.boot == boot and now_s < self.until_s

    def written(self) -> str:
        """Write it as a line."""
        return json.dumps(asdict(self))


def standing_of(text: str) -> Standing | None:
    """Read what `written` wrote; None if that cannot be read."""
    try:
        told = json.loads(text)
        return Standing(**told) if isinstance(told, dict) else None
    except (ValueError, TypeError):
        return None
