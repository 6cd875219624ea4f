"""The pages of a server that does not lead, the guard before its PLCs, and what its configuration must have."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from hmi.standby import StandbyDoor
from plc.transport import waiting
from plc.transport.waiting import Rank, WaitingWrites
from scada.check import check
from scada.clock import boot_seconds
from scada.config import ConfigError, load
from scada.engine.command.guard import guarded
from scada.model.handshake import CommandBlock, CommandCode
from scada.model.lease import Standing
from scada.model.tag import TagName
from scada.ports import PlcError
from tests.support.links import Wire

ROOT = Path(__file__).parents[2]


@Request.application
def inner(request: Request) -> Response:
    return Response(f"the page {request.path}")


class Doors:
    """A door and the file beside it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "standby.json"
        self.client = Client(StandbyDoor(inner, self.file, "boot"))

    def stand(self, standing: Standing) -> None:
        self.file.write_text(standing.written(), encoding="utf-8")


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    return Doors(tmp_path)


def leading(until_s: float) -> Standing:
    return Standing("leads", "a", "a", 7, until_s, "boot")


def test_a_leader_lets_everybody_in(doors: Doors) -> None:
    doors.stand(leading(boot_seconds() + 60))
    assert doors.client.get("/").text == "the page /"
    assert doors.client.get("/leader").json == {"leads": True, "leader": "a"}
    assert doors.client.post("/wechat/notice/pay").status_code == 200


@pytest.mark.parametrize(
    "standing",
    [
        None,
        leading(0.0),
        replace(leading(1e12), boot="another run of the machine"),
        Standing("follows", "b", "a", 7, 0.0, "boot", "a leads"),
    ],
)
def test_who_does_not_lead_answers_nothing_but_who_does(doors: Doors, standing: Standing | None) -> None:
    if standing is not None:
        doors.stand(standing)
    notice = doors.client.post("/wechat/notice/pay", data=b"{}")
    assert (notice.status_code, json.loads(notice.data)["code"]) == (503, "FAIL"), "WeChat sends it again"
    assert doors.client.get("/leader").status_code == 503
    assert "stands by" in doors.client.get("/api/v1/tags").text
    page = doors.client.get("/lanes/in1")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert "备用服务器" in page.text
    assert doors.client.get("/health").text == "the page /health"
    assert read(doors)["daozha_standby_leads"] == 0.0


def read(doors: Doors) -> dict[str, float]:
    """Read the metrics as Prometheus does."""
    answer = doors.client.get("/metrics")
    assert answer.status_code == 200
    return {family.name: family.samples[0].value for family in text_string_to_metric_families(answer.text)}


def test_a_prometheus_server_sees_of_both_servers_who_leads_and_for_how_long(doors: Doors) -> None:
    assert read(doors)["daozha_standby_known"] == 0.0
    doors.stand(leading(boot_seconds() + 60))
    told = read(doors)
    assert 50 < told.pop("daozha_standby_lease_left_seconds") <= 60
    assert told == {"daozha_standby_known": 1.0, "daozha_standby_leads": 1.0, "daozha_standby_epoch": 7.0}
    doors.stand(leading(boot_seconds() - 1))
    assert (read(doors)["daozha_standby_leads"], read(doors)["daozha_standby_lease_left_seconds"]) == (0.0, 0.0)


def test_the_page_of_a_follower_says_who_leads_and_nothing_that_a_name_could_smuggle_in(doors: Doors) -> None:
    doors.stand(Standing("follows", "b", "<b>a</b>", 7, 0.0, "boot"))
    assert "&lt;b&gt;a&lt;/b&gt; leads" in doors.client.get("/").text


async def test_a_driver_writes_only_while_its_server_leads() -> None:
    driver, leads = Wire("plc1", "in1.cmd"), [True]
    (one,) = guarded([driver], lambda: leads[0])
    block = CommandBlock(1, CommandCode.OPEN, 1, 2000, 0, 9)
    await one.write(TagName("in1.hb.server"), 1)
    await one.command(TagName("in1.cmd"), block)
    leads[0] = False
    for late in (one.write(TagName("in1.mode.wanted"), 2), one.command(TagName("in1.cmd"), block)):
        with pytest.raises(PlcError, match="not sent: this server does not lead"):
            await late
    assert [what for _, what in driver.written] == [1, block.seq]


async def test_a_write_that_waited_while_its_process_stood_still_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    writes = WaitingWrites("plc1")
    writes.open()
    late = asyncio.create_task(writes.put(Rank.COMMAND, "in1.cmd", (1,)))
    await asyncio.sleep(0)
    now_s = boot_seconds()
    monkeypatch.setattr(waiting, "boot_seconds", lambda: now_s + waiting.LONGEST_WAIT_S + 0.1)
    assert writes.take() is None
    with pytest.raises(PlcError, match="not sent: it waited"):
        await late


def _site(folder: Path, more: str) -> Path:
    text = (ROOT / "config.toml").read_text(encoding="utf-8").replace('"plc/', f'"{ROOT}/plc/')
    file = folder / "config.toml"
    file.write_text(text.replace('"billing/', f'"{ROOT}/billing/') + more, encoding="utf-8")
    return file


def test_a_standby_on_sqlite_is_refused_in_words(tmp_path: Path) -> None:
    file = _site(tmp_path, "\n[standby]\n")
    (found,) = [one for one in check(file) if "standby" in str(one.key)]
    assert "two servers need one PostgreSQL" in found.what
    assert "docs/standby.md" in found.remedy
    with pytest.raises(ConfigError):
        load(file)


@pytest.mark.parametrize("line", ["lease_s = 1.0", "lease_s = 600.0", 'name = "-"', "length = 3"])
def test_a_lease_that_could_not_be_held_is_refused(tmp_path: Path, line: str) -> None:
    file = _site(tmp_path, f'\n[database]\nurl_file = "u"\n[standby]\n{line}\n')
    assert any(str(one.key).startswith("standby.") for one in check(file))
