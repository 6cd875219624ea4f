"""A gate command over a line that drops, stalls or repeats bytes opens once at most, and what is told of it is true.

Drivers, gatekeeper, book in SQL and PLC are real; the long form is `tests/soak/once.py`.
"""

from pathlib import Path

import pytest

from tests.support.faulty.lane import tries
from tests.support.faulty.wire import Wire
from tests.support.store import open_database

LANES = 12
HUNDRED = ((Wire.MODBUS, range(60)), (Wire.OPC_UA, range(1000, 1040)))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("wire", "seeds"), HUNDRED, ids=[wire.value for wire, _ in HUNDRED])
async def test_a_command_opens_once_at_most_in_its_time_whatever_the_line_does(
    tmp_path: Path, wire: Wire, seeds: range
) -> None:
    async with open_database(tmp_path) as db:
        tried = await tries(wire, LANES, seeds, tmp_path, db)
    assert [one for one in tried if one.wrong] == []
    assert len(tried) == len(seeds)
    assert {"Done"} < {one.outcome for one in tried}
    assert sum(one.opened for one in tried) > len(seeds) / 3
