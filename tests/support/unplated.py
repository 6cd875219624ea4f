"""Cars without a plate before a lane on the bench: one comes, another is inside by a ticket."""

from typing import Final

from sqlalchemy import Connection

from billing import stays
from scada.model.lane.words import Passage
from scada.model.names import LaneName, PassageId, PictureId, StayId, ZoneName
from scada.model.plate import Plate, PlateUnread
from scada.ports import OpenStay
from scada.store import tickets
from scada.store.tickets import Ticket
from tests.support.engine import START, until
from tests.support.lane import ON, read_of
from tests.support.plantside import Shell
from tests.support.tariffs import simple_tariff

PICTURE: Final = PictureId("20260303T020000000-0123456789ab.jpg")
UNREAD: Final = PlateUnread("no plate seen", PICTURE)


async def car_comes(bench: Shell, number: int = 1, *, plate: str = "") -> str:
    """A car comes, with a plate or without one; gives its lane's code once the lane asks the driver."""
    bench.cameras.reading = read_of(plate) if plate else UNREAD
    bench.show(approach=ON, passage_now=number)
    await until(lambda: bench.says("lane.state") == "awaiting_driver")
    passage = bench.runner.live
    assert passage is not None
    return bench.claims.url(bench.runner.name, passage).rpartition("/")[2]


async def inside(bench: Shell, code: str, number: int = 1, *, openid: str | None = None) -> Ticket:
    """Let a car be inside by a ticket with this code, as the entry and the cashier leave it in the books."""
    passage = PassageId(f"in1-20260301080000-{number}")
    at, site = bench.clock.now(), bench.config.site_id
    new_id = f"01TICKET000000000{number:09}"

    def work(conn: Connection) -> tuple[Ticket, StayId, Plate]:
        made = tickets.make(conn, site, at, new_id, passage, openid, draw=lambda _free: code)
        assert made is not None
        whole = Passage(passage, number, at, read_of(made.plate))
        stay, plate = stays.begin(conn, site, at, LaneName("in1"), whole, simple_tariff(), ZoneName("lot"))
        tickets.begun(conn, passage, stay, plate)
        return made, stay, plate

    made, stay, plate = await bench.db.write(work)
    bench.cashier.stays.append(OpenStay(stay, plate, START, LaneName("in1"), PICTURE))
    return made
