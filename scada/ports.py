"""What the plant asks of its adapters. The adapters are in `plc`, `lpr`, `billing` and `scada.store`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from scada.model.appearance import NO_LOOK, Appearance
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock, Done, NotDone, Unknowable
from scada.model.lane.image import LaneImage
from scada.model.lane.words import Direction, Ending, Order, Passage, Quote, Reason, RequestAnswer
from scada.model.names import LaneName, OrderId, PassageId, PictureId, RequestId, StayId
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, PlateUnread
from scada.model.recording import HistoryFigures
from scada.model.tag import TagName, TagUpdate, TagValue, Value
from scada.model.trend import Sample, Series


class PlcError(Exception):
    """Talking to a PLC failed: what was tried, on what, and what came back.

    A write that raised may still be carried out; only the handshake may decide what happens next.
    """


class PictureError(Exception):
    """A picture cannot be kept or is not there: which, and why."""


class BillingError(Exception):
    """Billing could not answer, for certain nothing was charged."""


class TagSink(Protocol):
    """Where a driver puts what it saw: all tags of one scan or one notification, in one call."""

    def __call__(self, updates: Sequence[TagUpdate]) -> None:
        """Take the updates; never blocks, never raises."""


class Outputs(Protocol):
    """The way to what PLCs may be told."""

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once. Raises PlcError; then nobody knows whether it happened."""

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command block once, in one write or one method call.

        Gives the PLC's answer where the protocol returns one; None where it is read from the
        image. Raises PlcError; then nobody knows whether it happened.
        """


class Driver(Outputs, Protocol):
    """One link to one device. It publishes to its sink from `run`, and says when values go bad."""

    @property
    def name(self) -> str:
        """The device's name in the device table."""

    @property
    def tags(self) -> frozenset[TagName]:
        """The tags that live on this device."""

    async def run(self) -> None:
        """Connect, scan and publish until cancelled; reconnect by itself with back-off."""

    def figures(self) -> DeviceFigures:
        """Give how the link does now and what it has counted. Costs next to nothing."""


class Cameras(Protocol):
    """All cameras, by lane."""

    async def capture(self, lane: LaneName, passage: PassageId, way: Direction) -> PlateRead | PlateUnread:
        """Read the plate of the car that stands there to go this way; answers within the lane's `t_read_s`."""

    async def snapshot(self, lane: LaneName, passage: PassageId | None) -> PictureId | None:
        """Keep one picture of now as evidence of a passage; None if no camera of the lane has a fresh frame."""

    def ok(self, lane: LaneName) -> bool:
        """Say whether any camera of the lane gives fresh frames."""


@dataclass(frozen=True, slots=True)
class OpenStay:
    """A stay that has begun and not ended, as far as matching needs it."""

    id: StayId
    plate: Plate
    entered_at: datetime
    lane: LaneName
    picture: PictureId | None
    kind: PlateKind = PlateKind.UNKNOWN
    colour: PlateColour = PlateColour.UNKNOWN
    appearance: Appearance = NO_LOOK


@dataclass(frozen=True, slots=True)
class Admission:
    """May the car come in: `reason` if it may, else None and `why` not.

    `again`: that may change by itself (the zone is full), so the lane asks again. `person`: somebody must look first.
    """

    reason: Reason | None
    why: str = ""
    again: bool = False
    person: bool = False


class Cashier(Protocol):
    """Billing, as the lanes see it. It never writes a PLC command and has no `open_gate`.

    Every method raises BillingError when it cannot answer.
    """

    async def admit(self, lane: LaneName, passage: PassageId, read: PlateRead) -> Admission:
        """Decide whether the plate may come in. It changes nothing: the car may still back out."""

    async def open_stays(self) -> Sequence[OpenStay]:
        """All stays now open."""

    async def doubt(self, lane: LaneName, passage: PassageId, stay: StayId, read: PlateRead | None) -> str:
        """Say why a person must look before the stay is quoted; empty if nobody must."""

    async def quote(self, lane: LaneName, passage: PassageId, stay: StayId) -> Quote:
        """Price the stay now; credits count. Kept with the stay."""

    async def order(self, lane: LaneName, passage: PassageId, quote: Quote) -> Order:
        """Make the order for a quote at WeChat, or give the one already open for it."""

    async def accept(self, lane: LaneName, passage: PassageId, quote: Quote) -> str:
        """Ask WeChat to deduct a quote by itself (支付分停车); empty: it does, a request follows; or why not."""

    async def close_order(self, order: OrderId, why: str) -> None:
        """Close the order; a payment that wins the race is credited to its stay."""

    async def begin_stay(self, lane: LaneName, passage: Passage, reason: Reason, by: str) -> StayId:
        """Begin the stay of a completed entry passage; one still open under its plate ends as EXIT_UNSEEN.

        An inner lane's passage moves the stay of its car into the nested lot and gives that one.
        """

    async def end_stay(
        self, lane: LaneName, stay: StayId, passage: Passage, reason: Reason, by: str, ending: Ending
    ) -> None:
        """End the stay: fee, paid, arrears by reason and ending. An inner lane's passage only moves it outwards."""

    async def annul_stay(self, lane: LaneName, passage: PassageId) -> None:
        """End as ANNULLED, without a fee, the unpaid stay that an entry passage began; twice is harmless."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened, was decided, was commanded or was done by a person.

    `kind` is a short word (`event`, `decision`, `command`, `rise`, `alarm`, `person`, `money`, …);
    `actor` is a person's name, or the part of the product that acted; `body` holds JSON values.
    Whole plates may stand in the journal, never in the log.
    """

    kind: str
    actor: str
    what: str
    lane: LaneName | None = None
    passage: PassageId | None = None
    body: dict[str, object] = field(default_factory=dict)


class Journal(Protocol):
    """The hash-chained table of all that happened."""

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        """Append in order; returns when they are on disk."""


class HistoryReader(Protocol):
    """What is asked of the history of tags. Every method raises StoreError when the store cannot answer.

    `since` is inclusive, `until` exclusive. A tag that was never recorded has no points, and buckets without a value.
    """

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points, oldest first."""

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, no more than `pixels`, in the order asked for."""

    async def names(self) -> Sequence[TagName]:
        """Give every tag of the site that has history, in the order of the alphabet."""


class Historian(HistoryReader, Protocol):
    """Time series of tags. History only: nothing about money is ever computed from it."""

    def record(self, changes: Sequence[tuple[TagName, TagValue]]) -> None:
        """Take changes into memory; they reach disk within a second. Never blocks, never raises."""

    async def count(self) -> int:
        """How many points have been stored since start and are safe on disk."""

    async def figures(self) -> HistoryFigures:
        """Give how recording does, for tags and alarms. Raises StoreError."""

    async def __aenter__(self) -> "Historian":
        """Open the store."""

    async def __aexit__(self, *failure: object) -> None:
        """Write what is in memory and close."""


class Pictures(Protocol):
    """The pictures kept as evidence."""

    def read(self, picture: PictureId) -> bytes:
        """Give a picture as JPEG. Raises PictureError."""

    def covered(self, picture: PictureId) -> bytes:
        """Give a picture as JPEG in which no plate can be read. Raises PictureError."""

    def passage(self, picture: PictureId) -> PassageId | None:
        """Say of which passage a picture is, if that is known."""


class Requests(Protocol):
    """The outbox of gate-open requests (`lanes.md` §4)."""

    async def ask_and_wait(
        self, lane: LaneName, passage: PassageId, reason: Reason, by: str, note: str = ""
    ) -> RequestAnswer:
        """Write an operator's request for the car of a passage, and give the lane's answer."""

    async def answered(self, request: RequestId, answer: RequestAnswer) -> None:
        """Keep what the lane said of a request."""


class Gatekeeper(Protocol):
    """The one who commands a lane's PLC, by the handshake of `plc.md` §6."""

    async def open(self, passage: PassageId, number: int, why: str) -> Done | NotDone | Unknowable:
        """Send OPEN for the passage numbered `number`; exactly once, or say that nobody can tell."""

    async def cancel(self, passage: PassageId, number: int, why: str) -> Done | NotDone | Unknowable:
        """Take a passage's leave back from the PLC; whether the boom lowers is the PLC's own affair."""

    def image(self) -> LaneImage:
        """Give the lane's image as the tags show it now."""
