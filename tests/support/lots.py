"""A till whose site has a small lot with a nested one, and cars that come and go through its four lanes."""

from dataclasses import dataclass, replace

from billing.plates import register
from billing.rights import Entry, RightKind
from scada.config import Config
from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Ending, Passage, Quote, Reason
from scada.model.names import LaneName, StayId, ZoneName
from scada.model.plate import Plate, PlateColour
from scada.model.zones import ZoneCount
from scada.ports import Admission
from scada.settings.lanes import Lane, ZoneTable
from scada.store import books
from scada.store.schema import stay
from tests.support.billing import IN1, OUT1, Till, made_passage, made_read

ROOF_IN, ROOF_OUT = LaneName("roof-in"), LaneName("roof-out")
LOT, ROOF = ZoneName("lot"), ZoneName("roof")


def with_roof(config: Config) -> Config:
    """Give the site three spaces, one of them reserved, and a roof with one space inside."""
    zones = (
        ZoneTable(name="lot", title="停车场", title_en="Lot", spaces=3, reserved=1),
        ZoneTable(name="roof", title="楼顶", title_en="Roof", spaces=1, parent="lot"),
    )
    lanes = (
        *config.lanes,
        Lane(name="roof-in", direction="entry", title="楼顶入口", title_en="Roof in", zone="roof"),
        Lane(name="roof-out", direction="exit", title="楼顶出口", title_en="Roof out", zone="roof"),
    )
    return config.model_copy(update={"zones": zones, "lanes": lanes})


@dataclass
class Lots:
    """Cars before the lanes of such a site."""

    till: Till
    number: int = 0

    def passage(self, lane: LaneName, plate: str) -> Passage:
        """Let a car stand before a lane."""
        self.number += 1
        return made_passage(self.till.clock.now(), lane, plate, self.number)

    async def ask(self, plate: str, lane: LaneName = IN1, colour: PlateColour = PlateColour.BLUE) -> Admission:
        """Ask whether a car may come in."""
        passage = self.passage(lane, plate)
        return await self.till.cashier.admit(lane, passage.id, replace(made_read(plate), colour=colour))

    async def come(self, plate: str, lane: LaneName = IN1) -> StayId:
        """Let a car in that may."""
        admission = await self.ask(plate, lane)
        assert admission.reason is not None, admission.why
        return await self.till.cashier.begin_stay(lane, self.passage(lane, plate), admission.reason, "lane")

    async def quote(self, parked: StayId, plate: str, lane: LaneName = OUT1) -> Quote:
        """Ask what a car owes at a lane."""
        return await self.till.cashier.quote(lane, self.passage(lane, plate).id, parked)

    async def leave(
        self,
        parked: StayId,
        plate: str,
        lane: LaneName = OUT1,
        reason: Reason = Reason.GOODWILL,
        ending: Ending = Ending.EXIT,
    ) -> None:
        """Let a car out."""
        await self.till.cashier.end_stay(lane, parked, self.passage(lane, plate), reason, "lane", ending)

    async def give(self, plate: str, kind: RightKind, **more: object) -> None:
        """Write a right into the register, that holds from now on."""
        at = self.till.clock.now()
        entry = replace(Entry(Plate(plate), kind, at), **more)  # type: ignore[arg-type]
        await self.till.db.write(lambda conn: register.add(conn, self.till.config.site_id, at, [entry], "wang"))

    async def note(self, lane: LaneName, plate: str, outcome: PassageOutcome, note: str) -> None:
        """Write down a passage that ended in some way."""
        passage, site, at = self.passage(lane, plate), self.till.config.site_id, self.till.clock.now()
        await self.till.db.write(lambda conn: books.record_passage(conn, site, lane, passage, outcome, note, at))

    async def row(self, parked: StayId) -> tuple[object, ...]:
        """Give how a stay ended, and its money."""
        [row] = [row for row in await self.till.rows(stay) if row.id == parked]
        return (row.ending, row.fee_fen, row.paid_fen, row.arrears_fen, row.waived_fen)

    def cars(self) -> dict[str, int]:
        """Give what the zones were last said to hold."""
        return {name: count.cars for name, count in self.till.told.zones.items()}

    def count(self, zone: ZoneName) -> ZoneCount:
        """Give the count of a zone as it was last told."""
        return self.till.told.zones[zone]
