"""`daozha report periods`: what a lane held open, on fire or locked cost, and whose stays it may have left open."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from scada.__main__ import main
from scada.model.ghosts import Evidence, Inside, Seen
from scada.model.names import LaneName, SiteId
from scada.ports import JournalEntry
from scada.reports.periods import Books, Left, Told, reckon
from scada.store import modes, schema
from scada.store.db import writing_engine
from scada.store.journal import write_entries
from scada.store.modes import ModePeriod
from tests.support.house import site_beside
from tests.support.store import give_tables

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 5, 1, tzinfo=ZONE)
Out = pytest.CaptureFixture[str]


def at(minute: float, hour: int = 8) -> datetime:
    return (DAY + timedelta(hours=hour, minutes=minute)).astimezone(UTC)


def period(mode: str = "HOLD_OPEN", began: float = 0, ended: float | None = 30, number: int = 1) -> ModePeriod:
    over = None if ended is None else at(ended)
    return ModePeriod(
        LaneName("out1"),
        mode,
        "li",
        at(began),
        "QUEUE",
        "concert",
        "wang",
        None,
        over,
        "expiry" if over else None,
        number,
    )


def went(number: int, minute: float = 5, plate: str | None = None, stay: str | None = None) -> Seen:
    of = "UNCERTAIN" if plate is None else "NO_STAY"
    return Seen(f"out1-{number}", "out1", "FORWARD", of, plate, stay, at(minute - 0.2), at(minute))


def inside(name: str, plate: str, hours: float = 5) -> Inside:
    return Inside(name, plate, plate.startswith("无牌"), "in1", at(0) - timedelta(hours=hours))


def told(
    periods: Iterable[ModePeriod],
    passages: Iterable[Seen] = (),
    left: Iterable[Left] = (),
    stays: Iterable[Inside] = (),
    doubts: dict[str, int] | None = None,
) -> list[Told]:
    ended = list(left)
    gates = frozenset(one.passage for one in ended)
    books = Books(list(periods), list(passages), ended, gates, doubts or {}, list(stays), at(0, 12))
    return list(reckon(books, frozenset({"out1"}), timedelta(hours=72)))


def ghosts(one: Told) -> list[tuple[str, Evidence]]:
    return [(ghost.stay.id, ghost.evidence) for ghost in one.ghosts]


def test_the_cars_counted_out_and_what_they_owed_are_the_lost_revenue_of_the_period() -> None:
    left = [
        Left("s1", "京A10001", "out1-1", 1500),
        Left("s2", "京A10002", "out1-2", 500),
        Left("s3", "京A3", "out1-3", 700),
    ]
    passages = [went(1, 5, "京A10001"), went(2, 6, "京A10002"), went(3, 45, "京A3")]
    [one] = told([period()], passages, left)
    assert (len(one.left), one.lost_fen, one.uncounted) == (2, 2000, ())
    assert one.lasted == timedelta(minutes=30)
    assert not one.asks_stocktake


def test_a_car_counts_in_one_period_though_the_next_one_begins_while_it_goes_through() -> None:
    left = [Left("s1", "京A10001", "out1-1", 1500)]
    periods = [period(ended=10), period("FIRE", 10, 20, 2)]
    held, fire = told(periods, [went(1, 10.1, "京A10001")], left)
    assert (held.lost_fen, fire.lost_fen) == (0, 1500)


def test_vehicles_without_a_plate_and_those_that_ended_no_stay_are_counted() -> None:
    entry = Seen("in1-1", "in1", "FORWARD", "UNCERTAIN", None, None, at(4), at(5))
    back = Seen("out1-9", "out1", "BACKED_OUT", "", None, None, at(4), at(5))
    [one] = told([period()], [went(1), went(2, 6, "京A10002"), entry, back])
    assert (one.without_plate, [gone.id for gone in one.uncounted]) == (1, ["out1-1", "out1-2"])


@pytest.mark.parametrize(
    ("gone", "stay", "evidence"),
    [
        (went(1, plate="京A10001"), inside("s1", "京A10001"), Evidence.SAME),
        (went(1, stay="s1"), inside("s1", "京A10001"), Evidence.SAME),
        (went(1, plate="京A1000I"), inside("s1", "京A10001"), Evidence.NEAR),
        (went(1), inside("s1", "无牌12345678"), Evidence.UNREAD),
        (went(1), inside("s1", "京A10001", 80), Evidence.LONG),
        (went(1, plate="京B99999"), inside("s1", "京A10001", 80), Evidence.LONG),
        (went(1), inside("s1", "京A10001", 60), None),
        (went(1, plate="京B99999"), inside("s1", "京A10001"), None),
        (went(1, plate="京A10001"), inside("s1", "京A10001", -1), None),
    ],
)
def test_a_stay_is_proposed_for_closing_by_the_documented_rule(
    gone: Seen, stay: Inside, evidence: Evidence | None
) -> None:
    [one] = told([period()], [gone], stays=[stay])
    assert ghosts(one) == ([] if evidence is None else [("s1", evidence)])


def test_one_vehicle_explains_one_stay_and_the_better_evidence_goes_first() -> None:
    stays = [inside("old", "京A10009", 90), inside("older", "京A20009", 89), inside("near", "京B12345")]
    [one] = told([period()], [went(1), went(2, 6, "京B1234S")], stays=stays)
    assert ghosts(one) == [("near", Evidence.NEAR), ("old", Evidence.LONG)]


def test_a_plate_that_is_near_to_two_stays_names_neither() -> None:
    stays = [inside("s1", "京A10001"), inside("s2", "京A10002")]
    assert [ghosts(one) for one in told([period()], [went(1, plate="京A10003")], stays=stays)] == [[]]


def test_a_car_that_was_seen_afterwards_is_no_ghost() -> None:
    passages = [went(1, plate="京A10001"), went(2, 50, "京A10001")]
    assert [ghosts(one) for one in told([period()], passages, stays=[inside("s1", "京A10001")])] == [[]]


def test_a_stay_is_proposed_once_and_never_while_the_lane_is_still_open_or_was_only_locked() -> None:
    stays = [inside("s1", "京A10001", 90)]
    periods = [
        period("LOCKED", 0, 10),
        period("FIRE", 11, 20, 2),
        period("HOLD_OPEN", 21, 30, 3),
        period(began=31, ended=None, number=4),
    ]
    passages = [went(1, 5), went(2, 15), went(3, 25), went(4, 40)]
    assert [ghosts(one) for one in told(periods, passages, stays=stays)] == [[], [("s1", Evidence.LONG)], [], []]


@pytest.mark.parametrize(
    ("mode", "ended", "passages", "asks"),
    [
        ("FIRE", 30, [], True),
        ("HOLD_OPEN", 30, [went(1)], True),
        ("HOLD_OPEN", 30, [], False),
        ("HOLD_OPEN", None, [went(1)], False),
        ("LOCKED", 30, [went(1)], False),
    ],
)
def test_a_stocktake_is_asked_for_after_every_fire_and_where_cars_went_out_uncounted(
    mode: str, ended: float | None, passages: list[Seen], asks: bool
) -> None:
    [one] = told([period(mode, 0, ended)], passages, doubts={"out1-1": 7})
    assert one.asks_stocktake is asks
    assert one.doubts == ((7,) if passages else ())


class Site:
    """A site that was held open once: one car was counted out, one went out unread, and one stay is open too long."""

    def __init__(self, folder: Path) -> None:
        self.file = site_beside(folder, ("# data = ", 'data = "data"  # '))
        self.url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
        give_tables(self.url)
        engine = writing_engine(self.url)
        with engine.begin() as conn:
            self._fill(conn)
        engine.dispose()

    def _fill(self, conn: Connection) -> None:
        site = SiteId("demo")
        modes.begin(conn, site, period())
        modes.begin(conn, site, period("RESYNC", 40, 41))
        self._stay(conn, 1, 3, ending="EXIT_OPEN_LANE", exit_passage="out1-1", exited_at=at(5), waived_fen=1500)
        self._stay(conn, 2, 90)
        for number, note in ((1, "OPEN_LANE"), (2, "UNCERTAIN")):
            values = {"id": f"out1-{number}", "lane": "out1", "number": number, "outcome": "FORWARD", "note": note}
            times = {"began_at": at(4), "ended_at": at(5)}
            plate = "京A10001" if number == 1 else None
            conn.execute(insert(schema.passage).values(site="demo", **values, **times, plate=plate))
        doubt = {"lane": "out1", "passage": "out1-2", "number": 2, "why": "nobody can tell", "at": at(5)}
        conn.execute(insert(schema.uncertain).values(site="demo", **doubt))
        write_entries(conn, site, at(0, 12), [JournalEntry("event", "plant", "started")])

    def _stay(self, conn: Connection, number: int, hours: float, **values: object) -> None:
        of = {"plate": f"京A1000{number}", "plate_kind": "ordinary", "plate_colour": "BLUE"}
        of |= {"tariff": "demo-1", "entry_lane": "in1", "entry_passage": f"in1-{number}", "exit_lane": "out1"}
        row = {"id": f"stay-{number}", "site": "demo", "entered_at": at(0) - timedelta(hours=hours), **of, **values}
        conn.execute(insert(schema.stay).values(tariff_terms={}, **row))

    def report(self, *words: str) -> int:
        return main(
            ["report", "periods", "--config", str(self.file), "--from", "2026-05-01", "--to", "2026-05-01", *words]
        )


def test_the_table_tells_who_why_how_long_what_was_lost_and_asks_for_the_stocktake(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    assert site.report() == 0
    shown = capsys.readouterr().out
    assert "Periods: 1\nCars counted out: 1\nLost, yuan: 15.00\n" in shown
    assert "After HOLD OPEN of out1, 2026-05-01 08:00: please take stock, 1 went out uncounted." in shown
    assert "Then settle: daozha uncertain settle 1 --outcome" in shown
    assert "京A10002" in shown


def test_programs_get_the_same_as_json_and_as_csv(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    assert site.report("--json") == 0
    answer = json.loads(capsys.readouterr().out)
    [row] = answer["periods"]
    assert (answer["lost_fen"], row["mode"], row["by"], row["second"], row["minutes"]) == (
        1500,
        "HOLD_OPEN",
        "li",
        "wang",
        30.0,
    )
    assert row["left"] == [{"stay": "stay-1", "plate": "京A10001", "lost_fen": 1500}]
    assert [(ghost["stay"], ghost["passage"]) for ghost in row["ghosts"]] == [("stay-2", "out1-2")]
    assert (row["stocktake"], row["uncertain"]) == (True, [1])
    assert site.report("--format", "csv") == 0
    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (line["counted_out"], line["lost_fen"], line["without_plate"], line["ghosts"]) == ("1", "1500", "1", "1")


def test_a_period_of_another_day_is_not_told(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    words = ["report", "periods", "--config", str(site.file), "--json"]
    assert main([*words, "--from", "2026-05-02", "--to", "2026-05-02"]) == 0
    assert json.loads(capsys.readouterr().out)["periods"] == []


def test_nothing_is_closed_by_the_report(tmp_path: Path) -> None:
    site = Site(tmp_path)
    engine = create_engine(site.url)
    with engine.connect() as conn:
        before = [conn.execute(select(table)).all() for table in schema.metadata.sorted_tables]
        assert site.report() == 0
        assert [conn.execute(select(table)).all() for table in schema.metadata.sorted_tables] == before
    engine.dispose()
