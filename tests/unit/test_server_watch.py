"""The server looks at itself: clock, disk, and spaces sold; what nobody knows is not good rather than right."""

from pathlib import Path

import pytest

from scada.clock import VirtualClock
from scada.engine.lanetags import site_specs, zone_specs
from scada.engine.serverwatch import ServerWatch
from scada.engine.tags import TagTable
from scada.kernelclock import kernel_clock
from scada.model.names import ZoneName
from scada.model.serverstate import KernelClock, clock_error_s, oversold
from scada.model.tag import Quality, TagName
from scada.model.zones import Zone, Zones
from scada.store.schema import plate_right
from tests.support.store import SITE, START, open_database

PARK = Zones((Zone(ZoneName("lot"), 10), Zone(ZoneName("roof"), None)))


@pytest.mark.parametrize(
    ("kernel", "error_s"),
    [
        (KernelClock(True, 1500.0, 250_000.0), 0.252),
        (KernelClock(True, -6_000_000.0, 0.0), 6.0),
        (KernelClock(True, 0.0, 5_100_000.0), 5.1),
        (KernelClock(False, 0.0, 16_000_000.0), None),
        (KernelClock(False, 0.0, 0.0), None),
        (None, None),
    ],
)
def test_a_clock_is_off_by_what_is_still_to_be_corrected_and_by_what_may_have_come_since(
    kernel: KernelClock | None, error_s: float | None
) -> None:
    assert clock_error_s(kernel) == error_s


def test_the_kernel_of_this_machine_can_be_asked() -> None:
    told = kernel_clock()
    assert told is None or told.most_us >= 0


@pytest.mark.parametrize(
    ("held", "count"),
    [([], 0), ([("lot", 10)], 0), ([("lot", 10), (None, 2)], 2), ([("roof", 50), ("lot", 3)], 0)],
)
def test_a_zone_is_oversold_by_the_spaces_that_it_does_not_have(held: list[tuple[str | None, int]], count: int) -> None:
    assert oversold(held, PARK) == {"lot": count}


async def test_what_was_looked_at_stands_in_tags_and_an_unknown_clock_is_not_good(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    tags = TagTable([*site_specs(), *zone_specs(PARK)], clock)
    told: list[KernelClock | None] = [None, KernelClock(True, 0.0, 40_000.0)]
    async with open_database(tmp_path) as db:
        row = {"site": SITE, "kind": "MONTH", "zone": "lot", "valid_from": START, "made_by": "li", "made_at": START}
        sold = plate_right.insert().values(id="r1", plate="京A12345", card="C1", spaces=12, **row)
        await db.write(lambda conn: conn.execute(sold) and None)
        watch = ServerWatch(SITE, clock, db, tags, PARK, tmp_path, lambda: told.pop(0))
        await watch.look()
        error = tags.get(TagName("site.clock_error_s"))
        assert (error.value, error.quality) == (None, Quality.NOT_CONNECTED)
        assert tags.get(TagName("site.clock_source")).value == "unknown"
        assert float(str(tags.get(TagName("site.disk_free_gb")).value)) > 0
        assert tags.get(TagName("zone.lot.oversold")).value == 2
        await watch.look()
        error = tags.get(TagName("site.clock_error_s"))
        assert (error.value, error.quality) == (0.04, Quality.GOOD)
        assert tags.get(TagName("site.clock_source")).value == "kernel"
