"""A passage is recorded by the lane, and told again as data: signals, reads, decisions, commands and money."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scada.config import Config
from scada.model.names import PassageId
from scada.model.timeline import held
from scada.store.replaying import Recording, recording
from scada.store.replaytold import as_told
from tests.integration.test_engine_replay import arrives, drives_through, is_in, open_stay, pays
from tests.support.hmi_pages import shipped
from tests.support.plantside import shell


async def a_car_leaves(folder: Path) -> Recording:
    async with shell(folder, "out1") as bench:
        bench.cashier.stays = [open_stay("S1", "京A12345")]
        passage = await arrives(bench, 1)
        await is_in(bench, "awaiting_payment")
        pays(bench, 1)
        await drives_through(bench, 1)
        await is_in(bench, "idle")
        site, now = bench.config.site_id, bench.clock.now()
        assert await bench.db.read(lambda conn: recording(conn, site, PassageId("nobody"), now)) is None
        found = await bench.db.read(lambda conn: recording(conn, site, passage, now))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Recording]:
    folder = tmp_path_factory.mktemp("lane")
    config = shipped()
    return config.model_copy(update={"folder": folder}), asyncio.run(a_car_leaves(folder))


def test_a_passage_is_told_from_loop_to_loop_with_all_that_was_decided(recorded: tuple[Config, Recording]) -> None:
    told: Any = as_told(*recorded, covered=False)
    lines, entries = told["tracks"], told["entries"]
    assert [value for _, value in lines["loop.approach"]][-2:] == [True, False]
    assert [value for _, value in lines["gate.up"]] == [None, False, True, False]
    assert held(lines["gate.down"], told["until_ms"]) is True
    states = [entry["state"] for entry in entries if entry["kind"] == "state"]
    assert states[:3] == ["identifying", "matching", "quoting"]
    assert states[-1] == "idle"
    assert "opening" in states
    assert [entry["ms"] for entry in entries] == sorted(entry["ms"] for entry in entries)
    assert {"state", "read", "display"} <= {entry["kind"] for entry in entries}
    assert "京A12345" in str(entries)


def test_who_may_not_see_plates_sees_none_not_even_what_a_person_wrote(recorded: tuple[Config, Recording]) -> None:
    config, found = recorded
    case = replace(found.pages[-1], what="case", facts={"why": "the stay of 京A12345 is open", "plate": "京A12345"})
    told: Any = as_told(config, replace(found, pages=(*found.pages, case)), covered=True)
    assert "京A12345" not in str(told["entries"])
    assert told["entries"][-1]["why"] == "the stay of 京A•••45 is open"
