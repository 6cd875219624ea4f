"""A recorded passage, taken again: the same decisions, or where they differ. Nothing is carried out."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from scada.__main__ import main
from scada.engine.lane import replay as replaying
from scada.engine.lane.record import Begins, step_entries
from scada.engine.lane.replay import Replayed, recorded_of, replay
from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane import states as s
from scada.model.lane.codec import CodecError
from scada.model.lane.events import Event, TimePassed
from scada.model.lane.image import OFF
from scada.model.lane.states import Lane, Step
from scada.model.lane.step import step
from scada.model.lane.timing import Timing
from scada.model.lane.words import OpenRequest, Reason
from scada.model.names import LaneName, OrderId, PassageId, RequestId, StayId
from scada.model.plate import Plate
from scada.model.tag import TagName
from scada.ports import OpenStay
from scada.store.journal import verify
from scada.store.schema import journal
from tests.support.engine import START, until
from tests.support.house import site_beside
from tests.support.lane import ON, TIMING, at_the_boom, entry
from tests.support.plantside import Shell, shell

Out = pytest.CaptureFixture[str]


def open_stay(name: str, plate: str) -> OpenStay:
    return OpenStay(StayId(name), Plate(plate), START - timedelta(hours=1), LaneName("in1"), None)


async def is_in(bench: Shell, state: str) -> None:
    await until(lambda: bench.says("lane.state") == state)


async def arrives(bench: Shell, number: int) -> PassageId:
    bench.show(approach=ON, passage_now=number)
    await until(lambda: str(bench.says("passage")).endswith(f"-{number}"))
    return PassageId(str(bench.says("passage")))


async def drives_through(bench: Shell, number: int, follower: int = 0) -> None:
    """From the risen boom to the lowered one; a follower reaches the approach loop meanwhile."""
    await is_in(bench, "opening")
    rises = bench.keeper.shown.rise_count + 1
    bench.show(up=ON, down=OFF, rise_count=rises, rise_cause=RiseCause.AUTHORISED, rise_passage=number)
    await is_in(bench, "open")
    bench.show(safety=ON)
    await is_in(bench, "passing")
    bench.show(approach=ON if follower else OFF, safety=OFF, passage_now=follower)
    bench.show(passage_last=number, outcome=PassageOutcome.FORWARD)
    await is_in(bench, "clearing")
    bench.show(up=OFF, down=ON)
    await until(lambda: bench.says("lane.state") != "clearing")


async def backs_out(bench: Shell, number: int) -> None:
    bench.show(approach=OFF, passage_now=0, passage_last=number, outcome=PassageOutcome.BACKED_OUT)
    await is_in(bench, "idle")


def pays(bench: Shell, number: int) -> None:
    request = RequestId(f"r{number}")
    paid = OpenRequest(request, StayId("S1"), OrderId("order1"), None, Reason.PAID, "billing", START)
    bench.tags.set(TagName(f"{bench.runner.name}.gate.open_request"), paid.to_text())


async def an_evening_at_the_exit(folder: Path) -> list[PassageId]:
    """One car owes and backs out; it comes back, pays and leaves; another follows at its bumper and leaves, too."""
    async with shell(folder, "out1") as bench:
        bench.cashier.stays = [open_stay("S1", "京A12345")]
        first = await arrives(bench, 1)
        await is_in(bench, "awaiting_payment")
        await backs_out(bench, 1)
        second = await arrives(bench, 2)
        await is_in(bench, "awaiting_payment")
        pays(bench, 2)
        await drives_through(bench, 2, follower=3)
        third = await arrives(bench, 3)
        await is_in(bench, "awaiting_payment")
        pays(bench, 3)
        await drives_through(bench, 3)
        await is_in(bench, "idle")
        assert await bench.db.read(verify) is None
    return [first, second, third]


def states(steps: list[Replayed]) -> list[str]:
    """Give the states a passage went through."""
    told = [s.NAMES[type(one.recorded.done.lane.state)] for one in steps]
    return [name for at, name in enumerate(told) if at == 0 or told[at - 1] != name]


async def test_every_recorded_passage_is_decided_again_as_it_was(tmp_path: Path) -> None:
    passages = await an_evening_at_the_exit(tmp_path)
    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        site = bench.config.site_id
        told = [replay(await bench.db.read(partial(recorded_of, site=site, passage=of))) for of in passages]
    assert [one.differences for steps in told for one in steps if one.differences] == []
    backed_out, paid, followed = map(states, told)
    assert backed_out == ["identifying", "matching", "quoting", "awaiting_payment", "idle"]
    road = ["matching", "quoting", "awaiting_payment", "opening", "open", "passing", "clearing"]
    assert paid == ["identifying", *road]
    assert followed[-len(road) - 2 :] == [*road, "closing", "idle"] or followed[-len(road) - 1 :] == [*road, "idle"]


async def test_all_that_a_lane_was_is_in_its_rows(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        passage = await arrives(bench, 1)
        await drives_through(bench, 1)
        await is_in(bench, "idle")
        site = bench.config.site_id
        steps = await bench.db.read(lambda conn: recorded_of(conn, site, passage))
        assert steps[-1].done.lane == bench.runner.lane
        assert [one.begins is not None for one in steps] == [True] + [False] * (len(steps) - 1)
        assert isinstance(steps[0].done.lane.state, s.Identifying)
        sizes = [len(json.dumps(row.body)) for row in await bench.journal(lane=True)]
        assert max(sizes) < 6000
        assert sum(sizes) < 20_000


def test_time_that_changes_nothing_writes_nothing() -> None:
    bench = at_the_boom()
    passing = TimePassed(**bench.now)
    assert step_entries(bench.lane, passing, step(bench.lane, passing, TIMING), TIMING, Begins.SERVER) == []


def test_a_boom_that_may_not_be_lowered_for_an_hour_writes_nothing_either() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.is_admitted()
    bench.boom_rises()
    bench.passes()
    before = bench.lane
    bench.waits(60)
    assert bench.lane == before
    bench.shows(close_permit=ON)
    bench.waits(TIMING.t_close_s - 0.5)
    assert s.NAMES[type(bench.state)] == "clearing"
    bench.waits(1)
    assert s.NAMES[type(bench.state)] == "faulted"


def another_rule(lane: Lane, event: Event, timing: Timing) -> Step:
    """Decide as the product does, but take every car that comes back as helpless."""
    done = step(lane, event, timing)
    if not isinstance(done.lane.state, s.AwaitingPayment):
        return done
    return replace(done, lane=done.lane.becoming(s.AwaitingOperator("changed", 1.0)), commands=())


async def test_a_changed_rule_is_found_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, passage, _ = await an_evening_at_the_exit(tmp_path)
    monkeypatch.setattr(replaying, "step", another_rule)
    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        site = bench.config.site_id
        steps = replay(await bench.db.read(lambda conn: recorded_of(conn, site, passage)))
    [changed] = [one for one in steps if one.differences]
    assert [one.where for one in changed.differences] == ["lane.state", "commands"]


async def test_a_rule_that_no_longer_comes_to_rest_is_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restless(lane: Lane, event: Event, timing: Timing) -> Step:
        raise AssertionError("the lane does not come to rest")

    passage, _, _ = await an_evening_at_the_exit(tmp_path)
    monkeypatch.setattr(replaying, "step", restless)
    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        site = bench.config.site_id
        steps = replay(await bench.db.read(lambda conn: recorded_of(conn, site, passage)))
    assert {one.differences[0].now for one in steps} == {"the lane does not come to rest"}


def site_of(folder: Path) -> str:
    """Put the recorded database where the command looks for it."""
    file = site_beside(folder, ("# data = ", 'data = "data"  # '))
    (folder / "data").mkdir()
    (folder / "daozha.db").rename(folder / "data" / "daozha.db")
    return str(file)


def test_the_command_shows_the_time_line_and_says_whether_it_is_the_same(tmp_path: Path, capsys: Out) -> None:
    _, passage, _ = asyncio.run(an_evening_at_the_exit(tmp_path))
    file = site_of(tmp_path)
    assert main(["replay", passage, "--config", file]) == 0
    told = capsys.readouterr().out
    assert "OpenGate" in told
    assert "all the same" in told
    assert main(["replay", passage, "--json", "--config", file]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["passage"], answer["lane"], answer["same"]) == (passage, "out1", True)
    assert answer["steps"][0]["state"] == "identifying"
    assert "OpenGate 2: PAID by billing" in [command for one in answer["steps"] for command in one["commands"]]


def test_a_passage_nobody_recorded_ends_with_1_and_a_site_without_a_file_with_2(tmp_path: Path, capsys: Out) -> None:
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    assert main(["replay", "out1-20260101000000-1", "--config", file]) == 1
    assert "no lane has recorded" in capsys.readouterr().err
    assert main(["replay", "x", "--config", str(tmp_path / "none.toml")]) == 2
    with pytest.raises(SystemExit) as left:
        main(["replay"])
    assert left.value.code == 2


def test_a_changed_row_is_found_by_the_replay_and_by_the_chain(tmp_path: Path, capsys: Out) -> None:
    _, passage, _ = asyncio.run(an_evening_at_the_exit(tmp_path))
    asyncio.run(_forge(tmp_path, passage))
    file = site_of(tmp_path)
    assert main(["replay", passage, "--config", file]) == 1
    assert "FREE" in capsys.readouterr().out
    assert main(["audit", "verify", "--config", file]) == 1


async def _forge(folder: Path, passage: PassageId) -> None:
    """Write another reason for the leave into the row of the opening."""

    def forge(conn: Connection) -> None:
        query = select(journal.c.n, journal.c.body).where(journal.c.passage == passage, journal.c.what == "opening")
        row = conn.execute(query).first()
        assert row is not None
        body = json.loads(json.dumps(row.body).replace('"PAID"', '"FREE"'))
        conn.execute(update(journal).where(journal.c.n == row.n).values(body=body))

    async with shell(folder, "out1", is_first_start=False) as bench:
        await bench.db.write(forge)


async def test_a_row_in_words_of_old_is_refused_by_its_number(tmp_path: Path) -> None:
    _, passage, _ = await an_evening_at_the_exit(tmp_path)

    def age(conn: Connection) -> None:
        conn.execute(update(journal).where(journal.c.what == "awaiting_payment").values(body={"state": {"due": 1}}))

    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        await bench.db.write(age)
        site = bench.config.site_id
        with pytest.raises(CodecError, match=r"row \d+: event: None is no object"):
            await bench.db.read(lambda conn: recorded_of(conn, site, passage))


async def test_a_row_taken_out_before_a_passage_is_seen_at_its_beginning(tmp_path: Path) -> None:
    _, passage, third = await an_evening_at_the_exit(tmp_path)

    def join(conn: Connection) -> list[Replayed]:
        steps = recorded_of(conn, bench.config.site_id, passage)
        followed = recorded_of(conn, bench.config.site_id, third)
        return replay([*steps[:-2], followed[0]])

    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        told = await bench.db.read(join)
    assert any(one.where.startswith("before") for one in told[-1].differences)
