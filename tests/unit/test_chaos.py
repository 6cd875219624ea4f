"""Faults on purpose: the schedule, the line that can be spoilt (over real sockets), and what the report calls good."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scada.model.handshake import Mode
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.processes import Life
from scada.sim.chaos.act import UNMET, Injected, Outcome, Watch, together
from scada.sim.chaos.command import chaos
from scada.sim.chaos.deeds import DEEDS, LIES, meeting
from scada.sim.chaos.hands import Hands
from scada.sim.chaos.hold import until_met
from scada.sim.chaos.kinds import KINDS, TWO, Need, touched
from scada.sim.chaos.line import Line, Spoilt, Trouble
from scada.sim.chaos.notices import FORGERIES
from scada.sim.chaos.report import broken_by_rule, page
from scada.sim.chaos.schedule import Planned, drawn
from scada.sim.chaos.words import in_chinese
from scada.sim.drill import hushed, until_told
from scada.sim.people.driver import Counts
from scada.sim.road import CarName, Happening, Weather, What
from scada.sim.trial.ports import HOST, free_ports
from scada.sim.trial.running import TrialSite
from scada.supervise import NotReady
from tests.support.billing import made_config

GOOD = {
    "invariants_broken": [],
    "left_to_stocktake": 0,
    "stays_open": 0,
    "fees_fen": 500,
    "settled_fen": 500,
    "arrears_fen": 0,
    "gate_openings": 4,
    "unexplained_openings": 0,
}


def outcome(recovered_s: float | None = 2.0, exited: int = 2, **judged: object) -> Outcome:
    one = Injected("kill-plant", "plant", "plant killed", "主控进程被杀", 5.0, 0.1, 60.0, recovered_s)
    return Outcome([one], {**GOOD, **judged}, 2, 2, exited, 1)


def faults(names: Collection[str], seed: int, minutes: float = 20, without: Collection[str] = ()) -> list[Planned]:
    return [one for act in drawn(names, seed, minutes, without) for one in act.faults]


def test_the_same_seed_draws_the_same_faults_and_each_comes_before_one_comes_again() -> None:
    acts = drawn(KINDS, 1, 40)
    assert acts == drawn(KINDS, 1, 40) != drawn(KINDS, 2, 40)
    for act in acts:
        names = [one.kind.name for one in act.faults]
        first = names[: names.index(names[0], 1)]
        assert set(first) == set(names)
        assert len(set(first)) == len(first)
        assert [one.at_s for one in act.faults] == sorted(one.at_s for one in act.faults)
    assert {one.kind.name for act in acts for one in act.faults} == set(KINDS)
    assert all(one.where in one.kind.where for planned in faults(KINDS, 1) for one in planned.parts)


def test_faults_of_servers_come_on_a_site_of_their_own_alone_or_with_another_one() -> None:
    for seed in range(20):
        ours, servers = drawn(KINDS, seed, 20)
        assert not any(one.kind.is_of_servers for planned in ours.faults for one in planned.parts)
        assert all(any(one.kind.is_of_servers for one in planned.parts) for planned in servers.faults)


def test_a_short_drill_makes_every_fault_that_it_was_asked_for() -> None:
    assert {one.kind.name for one in faults(["plc-away", "kill-web"], 3, 0.1)} == {"plc-away", "kill-web"}
    assert drawn([], 1, 20) == ()


def test_two_at_once_are_two_that_touch_different_things_and_take_what_both_need() -> None:
    pairs = [one.both for seed in range(40) for one in faults([TWO.name], seed)]
    assert all(
        first.kind is not second.kind and not touched(first.where) & touched(second.where) for first, second in pairs
    )
    assert len({(first.kind.name, second.kind.name) for first, second in pairs}) > 100
    planned = faults([TWO.name], 1)[0]
    assert planned.limit_s == sum(one.kind.limit_s for one in planned.both)
    assert planned.lasts_s == max(one.lasts_s for one in planned.both)


def test_a_fault_that_cannot_be_made_here_is_not_drawn_in_a_pair_either() -> None:
    without = {"power-cut", "disk-full"}
    all_drawn = [
        part for seed in range(30) for one in faults([TWO.name, *without], seed, 20, without) for part in one.parts
    ]
    assert not without & {part.kind.name for part in all_drawn}


def test_a_power_cut_touches_every_process_of_the_site() -> None:
    assert touched("site") >= touched("plant") | touched("control")
    assert not touched("plc:0") & touched("plc:1")


def test_every_fault_has_a_way_to_make_it() -> None:
    assert set(KINDS) - {TWO.name} <= set(DEEDS)


@asynccontextmanager
async def echoing() -> AsyncIterator[Line]:
    """Let a line lead to a server that gives back what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    port, behind = free_ports(2)
    server = await asyncio.start_server(serve, HOST, behind)
    async with server, Line("x", port, behind, Random(1)) as line:  # noqa: S311
        yield line


async def said(line: Line, word: bytes = b"hello", within_s: float = 2.0) -> bytes:
    """Say a word on a fresh connection; give what comes back until it ends."""
    reader, writer = await asyncio.open_connection(HOST, line.port)
    try:
        writer.write(word)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(-1), within_s)
    finally:
        writer.close()


async def test_a_good_line_carries_everything_and_hands_on_its_end() -> None:
    async with echoing() as line:
        assert await said(line) == b"hello"
        assert line.passed == 10


async def test_a_line_that_is_away_refuses_resets_and_comes_back() -> None:
    async with echoing() as line:
        reader, writer = await asyncio.open_connection(HOST, line.port)
        writer.write(b"a")
        assert await reader.read(1) == b"a"
        await line.spoil(Trouble(Spoilt.AWAY))
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 2)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, line.port)
        writer.close()
        await line.mend()
        assert await said(line) == b"hello"


async def test_what_was_half_open_stays_silent_for_ever_and_a_new_connection_is_well() -> None:
    async with echoing() as line:
        reader, writer = await asyncio.open_connection(HOST, line.port)
        writer.write(b"a")
        assert await reader.read(1) == b"a"
        await line.spoil(Trouble(Spoilt.HALF_OPEN))
        with pytest.raises(TimeoutError):
            await said(line, within_s=0.3)
        await line.mend()
        writer.write(b"b")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        assert await said(line) == b"hello"
        writer.close()


async def test_bytes_are_lost_doubled_and_altered_and_it_is_counted() -> None:
    async with echoing() as line:
        await line.spoil(Trouble(Spoilt.LOSES, share=1.0))
        assert len(await said(line)) < 5
        await line.spoil(Trouble(Spoilt.DOUBLES, share=1.0))
        assert (await said(line)).count(b"hello") >= 2
        await line.spoil(Trouble(Spoilt.ALTERS, share=1.0))
        assert len(altered := await said(line)) == 5
        assert altered != b"hello" or line.counts["pieces: alters"] >= 2
        assert all(line.counts[f"pieces: {what}"] for what in ("loses", "doubles", "alters"))


async def test_late_bytes_come_late_and_a_cut_connection_breaks() -> None:
    async with echoing() as line:
        await line.spoil(Trouble(Spoilt.LATE, late_s=0.2))
        began_s = asyncio.get_running_loop().time()
        assert await said(line) == b"hello"
        assert asyncio.get_running_loop().time() - began_s >= 0.4
        await line.spoil(Trouble(Spoilt.CUTS, share=1.0))
        with pytest.raises(ConnectionResetError):
            await said(line)


async def test_a_cut_answer_breaks_off_where_it_was_going_and_its_sender_hears_none_of_it() -> None:
    heard, cut = list[bytes](), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await cut.wait()
        writer.write(b"answer" * 10)
        with suppress(ConnectionError):
            heard.append(await reader.read(100))
        writer.close()

    port, behind = free_ports(2)
    server = await asyncio.start_server(serve, HOST, behind)
    async with server, Line("x", port, behind, Random(1)) as line:  # noqa: S311
        reader, writer = await asyncio.open_connection(HOST, line.port)
        await line.spoil(Trouble(Spoilt.CUTS, share=1.0))
        cut.set()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(-1), 2)
        writer.close()
        assert line.counts["connections cut"] == 1
    assert heard in ([], [b""])


def test_a_drill_is_good_only_if_every_fault_was_survived_and_nothing_is_broken() -> None:
    assert outcome().good
    assert not outcome(recovered_s=None).good
    assert not outcome(exited=1).good
    assert not outcome(settled_fen=400).good
    assert not outcome(left_to_stocktake=2).good
    assert outcome(left_to_stocktake=1).good
    assert not outcome(invariants_broken=["8: …"]).good


def test_a_lane_at_fault_has_not_recovered_whatever_its_plc_says(tmp_path: Path) -> None:
    config = made_config(tmp_path)
    site = SimpleNamespace(config=config, keepers={}, second={"second_password": ""})
    watch = Watch(cast("TrialSite", site))
    for lane in config.lanes:
        told = {"mode.now": Mode.AUTO.value, "lane.state": "idle", "claim.now": 7, "camera.ok": True}
        watch.tags |= {f"{lane.name}.{point}": value for point, value in told.items()}
    watch.looked_s = 2.0
    assert watch.is_well(1.0)
    assert not watch.is_well(2.0)
    watch.tags["out1.lane.state"] = "faulted"
    assert not watch.is_well(1.0)


def test_two_acts_are_one_drill_whose_figures_are_added_up() -> None:
    both = together([outcome(), outcome(settled_fen=400, invariants_broken=["8: …"])])
    assert len(both.faults) == 2
    assert (both.invited, both.exited, both.doubts) == (4, 4, 2)
    assert both.judged["fees_fen"] == 1000
    assert both.broken() == ["8: …", "10: fees 1000 fen, settled 900 fen"]


async def test_a_fault_lasts_until_it_has_met_something_and_says_if_it_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter((False, False, True))
    assert await until_met(lambda: next(looks))
    monkeypatch.setattr("scada.sim.chaos.hold.LONGEST_S", 0.0)
    assert not await until_met(lambda: False)


def test_a_line_to_wechat_has_met_nobody_before_a_driver_wants_to_pay_and_a_plcs_has_at_once() -> None:
    cars = SimpleNamespace(happened=[], counts=Counts())
    hands = Hands(cast("Any", SimpleNamespace(cars=cars)), cast("Any", None), cast("Any", None), 12.0)
    wechat, plc, notices = (Line(name, 1, 2, Random(1)) for name in ("wechat", "plc:0", "notices"))  # noqa: S311
    pays, polls, told = (meeting(hands, line, Spoilt.LATE)[0] for line in (wechat, plc, notices))
    refused, _ = meeting(hands, wechat, Spoilt.AWAY)
    for line in (wechat, plc):
        line.counts["pieces late"] += 1
    assert [pays(), polls(), refused(), told()] == [False, True, False, False]
    cars.happened.append(Happening(What.ARRIVED, CarName("a"), LaneName("out1"), Direction.EXIT))
    cars.counts.paid += 1
    assert [pays(), polls(), refused(), told()] == [True, True, True, True]


def test_a_fault_that_never_met_anything_counts_as_not_injected() -> None:
    idle, busy = (Injected("wechat-late", "wechat", "", "", 5.0, 0.1, 60.0, 2.0, met=met) for met in (False, True))
    assert list(Outcome([idle], GOOD, 2, 2, 2, 1).unmet()) == ["wechat-late"]
    assert Outcome([idle, busy], GOOD, 2, 2, 2, 1).unmet() == {}


def test_what_was_broken_stands_beside_its_rule_and_reports_beside_the_tenth() -> None:
    found = broken_by_rule(outcome(exited=1, invariants_broken=["3: a", "report: b"]))
    assert [number for number, those in found.items() if those] == [3, 9, 10]


def test_the_report_says_what_was_not_injected_and_then_does_not_pass() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert "passed · 合格" in page(outcome(), {}, now, {})
    told = page(outcome(), {"site": "<b>"}, now, {"clock-back": "no libfaketime"})
    assert "NOT PASSED · 不合格" in told
    assert "no libfaketime" in told
    assert "<b>" not in told


def test_the_report_says_in_both_languages_what_was_done_and_seen() -> None:
    done = outcome()
    done.faults[0].did += ["3 connections left half-open", "daozha.db-wal +12 bytes"]
    done.faults[0].seen += ["out1: no picture"]
    told = page(done, {}, datetime(2026, 1, 1, tzinfo=UTC), {})
    assert "3 个连接半开；daozha.db-wal 末尾多 12 字节 · 3 connections left half-open; daozha.db-wal" in told
    assert "out1：无画面 · out1: no picture" in told


@pytest.mark.parametrize(
    "told",
    [
        *LIES, *(f"2 {manner}: 401" for manner in FORGERIES), "ended by its keeper", UNMET,
        *(f"9 pieces: {one.value}" for one in (Spoilt.LOSES, Spoilt.DOUBLES, Spoilt.ALTERS)),
        *(f"9 pieces {one.value}" for one in (Spoilt.LATE, Spoilt.SLOW)),
        *(f"9 connections {how}" for how in ("reset", "cut", "left half-open")), "1 far end not reached",
        *(one.value for one in (Weather.FOG, Weather.RAIN, Weather.NIGHT)), "7 cars", "2 payments",
        "20 visitors: 3 pages not shown, 480 pages refused, 7 pages shown; 0.7 s for one at most",
        "nothing free beside 26 MB", "0.1 s more for each sync", "-90 s", "its keeper did not end it within 60 s",
        "plant is down", "in1: nothing heard from the PLC", "in1: not held by the server", "in1: at fault",
        "control room without an answer",
    ],
)  # fmt: skip
def test_every_word_of_a_drill_has_its_chinese(told: str) -> None:
    said = in_chinese(told)
    assert said != told
    assert not set(re.findall(r"[a-z_]{3,}", said)) - {"plant"}


def test_the_faults_are_listed_the_plan_is_printed_and_an_unknown_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert chaos(["--chaos", "--list"], hushed, until_told) == 0
    assert "PLC 重启" in capsys.readouterr().out
    assert chaos(["--chaos", "--plan", "--only", "plc-away", "--minutes", "0.1"], hushed, until_told) == 0
    assert "plc-away" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        chaos(["--chaos", "--only", "sunshine"], hushed, until_told)
    assert "no fault sunshine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--minutes", "nan"], "more than 0"),
        (["--minutes", "inf"], "more than 0"),
        (["--minutes", "-5"], "more than 0"),
        (["--only", "plc-away,"], "no fault (empty)"),
        (["--report", "/no/such/folder/x.html"], "a folder that is there"),
        (["--report", "/proc"], "a file"),
    ],
)
def test_what_cannot_come_to_a_good_end_is_refused_at_its_beginning(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        chaos(["--chaos", "--plan", *words], hushed, until_told)
    assert said in capsys.readouterr().err


def test_a_disk_without_room_for_a_site_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("scada.sim.chaos.command.ROOM_BYTES", 1 << 60)
    assert chaos(["--chaos"], hushed, until_told) == 2
    assert "set TMPDIR" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


async def ended_early(work: Coroutine[None, None, Outcome]) -> Outcome:
    work.close()
    raise ExceptionGroup("jobs", [NotReady("the site was not well"), ExceptionGroup("more", [OSError("no ports")])])


def test_a_site_that_does_not_come_up_is_said_in_a_line_and_the_rest_stands_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("DAOZHA_CLOCK", "")
    assert chaos(["--chaos"], hushed, ended_early) == 1
    said = capfd.readouterr().err
    assert "the site was not well; no ports" in said.replace("\n", " ")
    assert "Traceback" not in said
    (log,) = tmp_path.rglob("log.txt")
    assert "NotReady" in log.read_text(encoding="utf-8")


def test_a_site_with_one_plc_and_one_camera_is_spared_what_it_does_not_have() -> None:
    for seed in range(20):
        (act,) = drawn(["plc-away", "plc-late", "two-at-once"], seed, 5, (), frozenset({"plc:1", "camera:1"}))
        places = {one.where for planned in act.faults for one in planned.parts}
        assert not places & {"plc:1", "camera:1"}


def test_faults_of_which_none_can_be_made_here_are_named_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scada.sim.chaos.command.lacking", lambda: {Need.DISK: "no mounts"})
    assert chaos(["--chaos", "--only", "disk-full"], hushed, until_told) == 3
    assert capsys.readouterr().err == "disk-full: no mounts\n"


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2]


@pytest.mark.parametrize("dies", [True, False])
async def test_a_hung_process_that_nobody_ends_is_a_failure_however_well_it_wakes(
    dies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scada.sim.chaos.deeds._GONE_S", 0.5)
    with subprocess.Popen(["sleep", "60"], process_group=0) as process:  # noqa: ASYNC220 it begins at once
        keeper = SimpleNamespace(life=Life("plant", process.pid))
        site = SimpleNamespace(keepers={"plant": keeper})
        hands = Hands(cast("Any", site), cast("Any", None), cast("Any", None), 12.0)
        if dies:
            asyncio.get_running_loop().call_later(0.1, lambda: setattr(keeper, "life", Life("plant", None)))
        async with DEEDS["hang-plant"](hands, Planned(0.0, KINDS["hang-plant"], "plant", 0.0, 1)):
            assert state_of(process.pid) == "T"
        assert hands.met
        assert hands.failed is not dies
        assert state_of(process.pid) != "T"
        process.kill()
