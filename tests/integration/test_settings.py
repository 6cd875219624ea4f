"""What is set while the site runs: version by version, with what stood before, and heard by who lives by it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scada.engine.doors.peer import BridgeRefusal
from scada.engine.doors.settings.desk import SettingsDesk
from scada.engine.settings.office import Contents
from scada.model.settings import SettingKind
from scada.store.journal import verify
from tests.support.settings import ask_of, open_office, with_people

pytestmark = pytest.mark.usefixtures("any_database")

SITE = SettingKind.SITE


async def test_a_setting_is_written_heard_of_withdrawn_and_told_with_what_stood_before(tmp_path: Path) -> None:
    async with open_office(tmp_path) as one:
        office, heard = one.office, list[Contents]()

        async def hear(contents: Contents) -> None:
            heard.append(contents)

        office.on(SITE, hear)
        await office.refresh()
        first = await office.add(ask_of("set_site"), SITE, "site", {"phone": "1"}, {"phone": "0", "name": "x"})
        assert [dict(each) for each in heard] == [{"site": {"phone": "1"}}]
        with pytest.raises(BridgeRefusal, match="somebody else has changed it"):
            await office.add(ask_of("set_site"), SITE, "site", {"phone": "2"})
        second = await office.add(ask_of("set_site", "li", seen=1), SITE, "site", {"phone": "2"})
        await office.end(ask_of("set_site"), second)
        with pytest.raises(BridgeRefusal, match="withdrawn already"):
            await office.end(ask_of("set_site"), second)
        assert dict(heard[-1]) == {"site": {"phone": "1"}}
        one.verbs = SettingsDesk(office, ZoneInfo("Asia/Shanghai")).verbs()
        told = await one.ask("settings", kind="site")
        assert (told["held"]["site"]["version"], told["last"]) == (1, {"site": 2})
        assert [row["version"] for row in await one.ask("setting_history", kind="site", subject="site")] == [2, 1]
        rows = await one.ask("audit", before=0, what="setting")
        assert [row["what"] for row in rows] == ["setting withdrawn", "setting changed", "setting changed"]
        assert rows[1]["body"]["changes"] == [{"place": "phone", "before": "1", "after": "2"}]
        assert rows[2]["body"]["changes"][0] == {"place": "phone", "before": "0", "after": "1"}
        assert [row["actor"] for row in await one.ask("audit", before=0, person="li")] == ["li"]
        assert await one.ask("audit", before=rows[-1]["n"]) == []
        day = (first.at.astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(days=2)).date().isoformat()
        since: dict[str, Any] = {"before": 0, "from": day}
        assert await one.ask("audit", **since) == []
        assert await one.db.read(verify) is None


async def test_a_version_that_begins_later_holds_when_its_time_has_come(tmp_path: Path) -> None:
    async with open_office(tmp_path) as one:
        office, heard = one.office, asyncio.Queue[Mapping[str, object]]()

        async def hear(contents: Contents) -> None:
            heard.put_nowait(contents.get("site", {}))

        office.on(SITE, hear)
        later = (office.clock.now() + timedelta(days=1)).isoformat()
        await office.add(ask_of("set_site", effective_from=later), SITE, "site", {"phone": "9"})
        assert heard.empty()
        gone = (office.clock.now() - timedelta(days=1)).isoformat()
        wrongs = {"tomorrow": "effective_from", "2026-05-01T08:00": "effective_from", gone: "has passed"}
        for wrong, why in wrongs.items():
            with pytest.raises(BridgeRefusal, match=why):
                await office.add(ask_of("set_site", seen=1, effective_from=wrong), SITE, "site", {"phone": "8"})
        with pytest.raises(BridgeRefusal, match="reason"):
            await office.add(ask_of("set_site", seen=1, reason=""), SITE, "site", {"phone": "8"})


async def test_what_asks_for_two_people_is_not_set_by_one(tmp_path: Path) -> None:
    async with open_office(tmp_path) as one:
        await with_people(one)
        with pytest.raises(BridgeRefusal, match="two people"):
            await one.office.add(ask_of("x"), SITE, "site", {"a": 1}, second_for="two people sign it")
        signed = ask_of("x", second_name="li", second_password="a second person's word")
        made = await one.office.add(signed, SITE, "site", {"a": 1}, second_for="two people sign it")
        assert made.signed_by == "li"
