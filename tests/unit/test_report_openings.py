"""`daozha report openings`: every difference between openings and passages has a name, or is told as unexplained."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from scada.__main__ import main
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.reports.differences import Link
from scada.reports.openings import Row, reckon
from scada.reports.stories import Facts, Opened, Passed, Rise, StayChange
from scada.store import schema
from scada.store.db import writing_engine
from scada.store.journal import write_entries
from tests.support.house import site_beside
from tests.support.lanebooks import parted
from tests.support.store import give_tables

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 5, 1, tzinfo=ZONE)
Out = pytest.CaptureFixture[str]


def at(minute: float, hour: int = 8) -> datetime:
    return (DAY + timedelta(hours=hour, minutes=minute)).astimezone(UTC)


def rise(count: int, minute: float, cause: str = "AUTHORISED", number: int | None = None) -> Rise:
    of = count if number is None else number
    return Rise("out1", count, cause, of, at(minute), f"out1-{of}" if of else None)


def command(number: int, minute: float, state: str = "DONE") -> Opened:
    return Opened("out1", number, state, at(minute))


def passage(number: int, minute: float, outcome: str = "FORWARD", note: str = "") -> Passed:
    return Passed(f"out1-{number}", "out1", number, outcome, note, at(minute - 2), at(minute))


def leave(number: int, minute: float, ending: str = "EXIT") -> StayChange:
    return StayChange("out1", f"out1-{number}", ending, at(minute))


def facts(
    rises: Iterable[Rise] = (),
    commands: Iterable[Opened] = (),
    passages: Iterable[Passed] = (),
    changes: Iterable[StayChange] = (),
) -> Facts:
    """One car has gone through as it should, then what a test adds."""
    return Facts(
        [rise(1, 0), *rises],
        [command(1, 0), *commands],
        [passage(1, 1), *passages],
        [leave(1, 1), *changes],
    )


def reckoned(told: Facts, hours: int = 24) -> list[Row]:
    rows = list(reckon(parted(told, ZONE), ZONE, at(0, 0), at(0, hours)))
    for row in rows:
        assert {link: sides for link, sides in row.balance().items() if sides[0] != sides[1]} == {}, row
    return rows


def only(told: Facts) -> Row:
    (row,) = reckoned(told)
    return row


def named(row: Row) -> set[tuple[Link, str, int]]:
    return {(item.link, item.name, item.change) for item in row.items}


def unexplained(row: Row) -> set[str]:
    return {item.name for item in row.items if item.unexplained}


def test_a_car_that_paid_and_left_is_one_opening_one_command_one_passage_and_one_stay() -> None:
    row = only(facts())
    assert (row.openings, row.commands, row.through, dict(row.endings), row.items) == (1, 1, 1, {"EXIT": 1}, [])
    assert row.hour.astimezone(ZONE) == DAY + timedelta(hours=8)


def test_a_boom_that_rises_again_over_an_obstacle_is_named() -> None:
    row = only(facts(rises=[rise(2, 2, "REOPEN", 0)]))
    assert named(row) == {(Link.PASSAGES, "REOPEN", -1)}
    assert row.unexplained == 0


def test_a_car_that_backs_out_after_the_boom_rose_is_named() -> None:
    row = only(facts([rise(2, 2)], [command(2, 2)], [passage(2, 3, "BACKED_OUT", "FAKE_EXIT")]))
    assert named(row) == {(Link.PASSAGES, "BACKED_OUT", -1)}
    assert row.unexplained == 0


def test_a_car_still_under_way_is_no_riddle() -> None:
    row = only(facts([rise(2, 2)], [command(2, 2)]))
    assert named(row) == {(Link.PASSAGES, "UNDER_WAY", -1)}


def test_a_boom_that_rose_for_a_passage_nobody_recorded_is_unexplained() -> None:
    row = only(facts([rise(2, 2), rise(3, 3)], [command(2, 2), command(3, 3)], [passage(3, 4)], [leave(3, 4)]))
    assert unexplained(row) == {"NO_PASSAGE"}


def test_a_second_car_let_go_under_a_boom_that_is_up_needs_no_rise() -> None:
    row = only(facts([], [command(2, 2)], [passage(2, 3)], [leave(2, 3)]))
    assert named(row) == {(Link.COMMANDS, "ALREADY_UP", 1), (Link.PASSAGES, "ALREADY_UP", 1)}
    assert row.unexplained == 0


def test_a_command_that_moved_nothing_and_let_nobody_through_is_unexplained() -> None:
    row = only(facts([], [command(2, 2), command(3, 3)], [passage(3, 4)], [leave(3, 4)]))
    assert unexplained(row) == {"NO_RISE"}


def test_an_authorised_rise_without_a_command_of_ours_is_unexplained() -> None:
    row = only(facts([rise(2, 2)], [command(2, 2, "NOT_DONE")], [passage(2, 3)], [leave(2, 3)]))
    assert unexplained(row) == {"NO_COMMAND"}


def test_a_command_whose_end_nobody_knows_is_named() -> None:
    row = only(facts([rise(2, 2)], [command(2, 2, "UNKNOWN")], [passage(2, 3)], [leave(2, 3)]))
    assert named(row) == {(Link.COMMANDS, "COMMAND_UNKNOWN", -1)}
    assert row.unexplained == 0


def test_a_follower_is_named_with_his_stay_or_without() -> None:
    alone = only(facts(passages=[passage(2, 2, "TAILGATE", "UNCERTAIN")]))
    assert named(alone) == {(Link.PASSAGES, "TAILGATE", 1), (Link.STAYS, "UNCERTAIN", -1)}
    ended = only(facts(passages=[passage(2, 2, "TAILGATE")], changes=[leave(2, 2, "EXIT_TAILGATE")]))
    assert named(ended) == {(Link.PASSAGES, "TAILGATE", 1)}
    assert alone.unexplained == ended.unexplained == 0


def test_cars_that_leave_while_the_boom_is_held_open_are_named_by_it() -> None:
    told = facts(
        [rise(2, 2, "HOLD_OPEN", 0)],
        passages=[passage(2, 3), passage(3, 4)],
        changes=[leave(2, 3, "EXIT_OPEN_LANE")],
    )
    row = only(told)
    assert row.differences(Link.PASSAGES) == {"HOLD_OPEN": 1}
    assert named(row) >= {(Link.PASSAGES, "HOLD_OPEN", -1), (Link.PASSAGES, "HOLD_OPEN", 1)}
    assert row.differences(Link.STAYS) == {"HOLD_OPEN": -1}
    assert row.unexplained == 0


def test_a_car_that_went_through_without_any_opening_is_unexplained() -> None:
    told = facts(passages=[passage(2, 2)], changes=[leave(2, 2)])
    assert unexplained(only(told)) == {"NO_OPENING"}


def test_a_passage_without_a_stay_is_named_by_its_note_and_unexplained_without_one() -> None:
    noted = only(facts([rise(2, 2)], [command(2, 2)], [passage(2, 3, note="NO_STAY")]))
    assert named(noted) == {(Link.STAYS, "NO_STAY", -1)}
    assert noted.unexplained == 0
    silent = only(facts([rise(2, 2)], [command(2, 2)], [passage(2, 3)]))
    assert unexplained(silent) == {"NO_STAY_CHANGED"}
    no_plate = only(facts([rise(2, 2)], [command(2, 2)], [passage(2, 3, note="NO_PLATE")]))
    assert unexplained(no_plate) == {"NO_STAY_CHANGED"}


def test_a_stay_that_ended_on_no_passage_is_named_by_its_ending_unless_it_claims_an_exit() -> None:
    unseen = StayChange("", None, "EXIT_UNSEEN", at(2))
    rows = reckoned(facts(changes=[unseen]))
    assert [named(row) for row in rows] == [{(Link.STAYS, "EXIT_UNSEEN", 1)}, set()]
    assert [row.lane for row in rows] == ["", "out1"]
    claimed = only(facts(changes=[leave(9, 2)]))
    assert unexplained(claimed) == {"STAY_WITHOUT_PASSAGE"}
    backed = only(facts([rise(2, 2)], [command(2, 2)], [passage(2, 3, "BACKED_OUT")], [leave(2, 3)]))
    assert unexplained(backed) == {"STAY_WITHOUT_PASSAGE"}


@pytest.mark.parametrize("cause", ["BUTTON", "HANDSET"])
def test_a_boom_raised_by_hand_is_paired_with_the_car_that_stood_there(cause: str) -> None:
    by_hand = replace(rise(2, 2, cause, 0), picture="p2.jpg")
    row = only(facts([by_hand], passages=[passage(2, 3, "TAILGATE")]))
    assert {(item.name, item.passage, item.picture, item.change) for item in row.items} == {
        (cause, "out1-2", "p2.jpg", 0),
        ("TAILGATE", "out1-2", None, -1),
    }
    assert row.unexplained == 0
    assert named(only(facts([by_hand]))) == {(Link.PASSAGES, cause, -1)}


def test_a_rise_without_a_cause_is_unexplained_once_whoever_passed() -> None:
    row = only(facts([rise(2, 2, "UNKNOWN", 0)], passages=[passage(2, 3, "TAILGATE", "UNCERTAIN")]))
    assert [item.name for item in row.items if item.unexplained] == ["UNKNOWN"]
    assert [item.passage for item in row.items if item.unexplained] == ["out1-2"]


def test_rises_that_are_not_on_record_or_twice_or_counted_anew_are_unexplained() -> None:
    lost = only(facts([rise(4, 2, number=2)], [command(2, 2)], [passage(2, 3)], [leave(2, 3)]))
    assert (lost.openings, unexplained(lost)) == (4, {"NOT_ON_RECORD"})
    assert lost.differences(Link.CAUSES) == {"NOT_ON_RECORD": -2}
    twice = only(facts([rise(1, 0.5)]))
    assert (twice.openings, unexplained(twice)) == (1, {"ON_RECORD_TWICE"})
    anew = only(facts([rise(9, 2, "REOPEN", 0), rise(1, 3, "REOPEN", 0)]))
    assert unexplained(anew) == {"NOT_ON_RECORD", "COUNTER_SET_BACK"}


def test_a_second_rise_for_the_same_car_needs_a_second_command() -> None:
    again = only(facts([rise(2, 0.5, number=1)]))
    assert (Link.COMMANDS, "ROSE_AGAIN", -1) in named(again)
    assert again.unexplained == 1
    commanded = only(facts([rise(2, 0.5, number=1)], [command(1, 0.5)]))
    assert named(commanded) == {(Link.PASSAGES, "ROSE_AGAIN", -1)}
    assert commanded.unexplained == 0


def test_a_car_that_passes_after_the_hour_balances_both_hours() -> None:
    rows = reckoned(facts([rise(2, 59.9)], [command(2, 59.9)], [passage(2, 60.5)], [leave(2, 60.6)]))
    assert [row.differences(Link.PASSAGES) for row in rows] == [{"NEXT_HOUR": -1}, {"HOUR_BEFORE": 1}]
    assert [row.unexplained for row in rows] == [0, 0]


def test_only_the_hours_asked_for_are_told_though_their_cars_reach_over_the_edge() -> None:
    told = facts([rise(2, 59.9)], [command(2, 59.9)], [passage(2, 60.5)], [leave(2, 60.6)])
    assert [row.unexplained for row in reckoned(told, hours=9)] == [0]


def test_the_hour_that_a_clock_change_repeats_is_two_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    rises = [Rise("in1", 1 + n, "REOPEN", 0, first + timedelta(hours=n)) for n in range(2)]
    rows = reckon(parted(Facts(rises), berlin), berlin, first - timedelta(days=1), first + timedelta(days=1))
    assert [row.hour.astimezone(berlin).isoformat() for row in rows] == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
    ]


class Site:
    """A site whose books hold one good exit and what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.file = site_beside(folder, ("# data = ", 'data = "data"  # '))
        self.url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
        give_tables(self.url)
        self.add(rises=[rise(1, 0)], commands=[command(1, 0)], passages=[passage(1, 1)], endings=["EXIT"])

    def add(
        self,
        rises: Iterable[Rise] = (),
        commands: Iterable[Opened] = (),
        passages: Iterable[Passed] = (),
        endings: Iterable[str] = (),
        journal: Iterable[JournalEntry] = (),
    ) -> None:
        engine = writing_engine(self.url)
        with engine.begin() as conn:
            for one in rises:
                of = f"out1-{one.number}" if one.number else None
                values = {"count": one.count, "cause": one.cause, "number": one.number, "at": one.at, "passage": of}
                conn.execute(insert(schema.rise).values(site="demo", lane=one.lane, **values))
            for sent in commands:
                row = {"code": 1, "seq": sent.number, "claim": 7, "tick": 0, "ttl_ms": 2000, "boot": 1, "block": b""}
                row |= {"lane": sent.lane, "passage": f"out1-{sent.number}", "number": sent.number}
                conn.execute(insert(schema.intent).values(site="demo", made_at=sent.at, state=sent.state, **row))
            for gone in passages:
                values = {name: getattr(gone, name) for name in ("id", "lane", "number", "outcome", "note")}
                times = {"began_at": gone.began_at, "ended_at": gone.ended_at}
                conn.execute(insert(schema.passage).values(site="demo", **values, **times))
            for ending in endings:
                conn.execute(insert(schema.stay).values(_stay(ending)))
            write_entries(conn, SiteId("demo"), at(2.1), list(journal))
        engine.dispose()

    def report(self, *words: str) -> int:
        return main(["report", "openings", "--config", str(self.file), "--from", "2026-05-01", *words])


def _stay(ending: str) -> dict[str, object]:
    of = {"plate": "京A10001", "plate_kind": "ordinary", "plate_colour": "BLUE", "tariff": "demo-1", "tariff_terms": {}}
    entry = {"entry_lane": "in1", "entry_passage": "in1-1", "entered_at": at(0) - timedelta(days=3)}
    leaving = {"exit_lane": "out1", "exit_passage": "out1-1", "exited_at": at(1), "ending": ending}
    return {"id": "stay-1", "site": "demo", **of, **entry, **leaving}


def test_a_day_without_riddles_ends_with_0(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    assert site.report("--to", "2026-05-01", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"], told["zone"], told["unexplained"]) == (
        "2026-05-01",
        "2026-05-01",
        "Asia/Shanghai",
        [],
    )
    (row,) = told["rows"]
    assert (row["hour"], row["lane"], row["openings"], row["through"]) == ("2026-05-01T08:00:00+08:00", "out1", 1, 1)
    assert (row["causes"], row["stays_ended"]) == ({"AUTHORISED": 1}, {"EXIT": 1})


def test_a_button_opening_is_told_with_its_picture_and_its_car_and_explains_itself(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    kept = JournalEntry(
        "picture",
        "camera",
        "kept",
        LaneName("out1"),
        PassageId("out1-2"),
        {"picture": "rise.jpg", "why": "unexplained rise"},
    )
    site.add([rise(2, 2, "BUTTON")], passages=[passage(2, 3, "TAILGATE", "UNCERTAIN")], journal=[kept])
    assert site.report("--to", "2026-05-01", "--json") == 0
    (by_hand,) = json.loads(capsys.readouterr().out)["by_hand"]
    assert (by_hand["name"], by_hand["passage"], by_hand["picture"]) == ("BUTTON", "out1-2", "rise.jpg")


def test_an_unexplained_opening_is_listed_and_ends_with_1(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    site.add([rise(2, 2, "UNKNOWN", 0)])
    assert site.report("--to", "2026-05-01") == 1
    assert "Openings: 2\nUnexplained: 1\n" in capsys.readouterr().out
    assert site.report("--to", "2026-05-01", "--json") == 1
    (one,) = json.loads(capsys.readouterr().out)["unexplained"]
    assert (one["at"], one["lane"], one["name"]) == ("2026-05-01T08:02:00+08:00", "out1", "UNKNOWN")
    assert (one["between"], one["count"], one["passage"], one["picture"]) == ("openings to causes", 2, None, None)
    assert site.report("--to", "2026-05-01", "--lane", "in1") == 0


def test_the_table_for_programs_has_a_column_for_whatever_may_be_counted(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    site.add([rise(2, 2, "REOPEN", 0)])
    assert site.report("--to", "2026-05-01", "--format", "csv") == 0
    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (line["openings"], line["AUTHORISED"], line["REOPEN"], line["BUTTON"]) == ("2", "1", "1", "0")
    assert (line["FORWARD"], line["EXIT"], line["openings to passages"]) == ("1", "1", "REOPEN -1")


def test_without_days_the_last_day_on_record_is_told(tmp_path: Path, capsys: Out) -> None:
    site = Site(tmp_path)
    site.add(journal=[JournalEntry("event", "plant", "started")])
    assert main(["report", "openings", "--config", str(site.file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"], len(told["rows"])) == ("2026-05-01", "2026-05-01", 1)


def test_a_site_without_books_a_lane_without_a_name_and_a_day_without_sense_end_with_2(
    tmp_path: Path, capsys: Out
) -> None:
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    assert main(["report", "openings", "--config", str(file)]) == 2
    assert "no books" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["report", "openings", "--config", str(file), "--from", "yesterday"])
    site = Site(tmp_path)
    assert site.report("--lane", "out9") == 2
    assert "there is no lane 'out9'" in capsys.readouterr().err


def test_reading_the_books_changes_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path)
    engine = create_engine(site.url)
    with engine.connect() as conn:
        before = _everything(conn)
    site.report("--to", "2026-05-01")
    with engine.connect() as conn:
        assert _everything(conn) == before
    engine.dispose()


def _everything(conn: Connection) -> list[object]:
    return [conn.execute(select(table)).all() for table in schema.metadata.sorted_tables]
