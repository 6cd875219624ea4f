"""A car park with a nested lot, and cars before its lanes, for the decisions about rights."""

from datetime import UTC, datetime, timedelta

from billing.rights import Arrival, Inside, Right, RightKind
from scada.model.money import Fen
from scada.model.names import ZoneName
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, ReadBy
from scada.model.zones import Zone, ZoneCount, Zones

NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LOT, ROOF, CELLAR, STAFF = (ZoneName(name) for name in ("lot", "roof", "cellar", "staff"))
ZONES = Zones((Zone(LOT, 100, 10), Zone(ROOF, 20, 0, LOT), Zone(CELLAR, 30, 30, LOT), Zone(STAFF, 5, 5)))
LIMIT = Fen(5000)


def seen(
    text: str = "京A12345",
    kind: PlateKind = PlateKind.ORDINARY,
    colour: PlateColour = PlateColour.BLUE,
    by: ReadBy = ReadBy.CAMERA,
) -> PlateRead:
    """Read a plate."""
    return PlateRead(Plate(text), kind, colour, 0.99, 5, 5, None, by=by)


def right(
    kind: RightKind, *, zone: ZoneName | None = None, spaces: int = 1, others: int = 0, until: datetime | None = None
) -> Right:
    """Give a right that holds since yesterday."""
    return Right(kind, NOW - DAY, until, zone, "card-1", spaces, others)


def parked(zone: ZoneName = LOT, owed: int = 0, colour: PlateColour = PlateColour.BLUE) -> Inside:
    """Give the open stay of an ordinary car."""
    return Inside(PlateKind.ORDINARY, colour, zone, Fen(owed))


def arrival(
    zone: ZoneName = LOT,
    cars: int = 0,
    rights: tuple[Right, ...] = (),
    inside: Inside | None = None,
    read: PlateRead | None = None,
    *,
    booked: bool = False,
) -> Arrival:
    """Let a car stand before a lane into a zone that holds so many cars."""
    known = ZONES.find(zone)
    count = ZoneCount(cars, known.spaces, known.reserved)
    return Arrival(read or seen(), NOW, zone, count, rights, inside, booked=booked)
