"""`daozha quote`, `tariff` and `holidays` as people and programs use them."""

import asyncio
import io
import json
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from billing.tariff import Special
from billing.versions import holidays
from scada.__main__ import main
from scada.check import check
from scada.check.mistakes import Severity
from scada.clock import SystemClock
from scada.config import load
from scada.store.db import Database, database_url
from scada.store.operators import Operators
from scada.store.schema import stay
from tests.support.house import site_beside
from tests.support.store import give_tables, rows_of
from tests.support.tariffs import EXAMPLES, SHIPPED, VECTORS, local

Out = pytest.CaptureFixture[str]
CHAOZHOU = str(EXAMPLES / "chaozhou-tcm-hospital.toml")
DEMO = str(SHIPPED / "demo-1.toml")


def quoted(capsys: Out, *words: str) -> dict[str, object]:
    assert main(["quote", *words, "--json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_any_tariff_file_prices_any_stay(capsys: Out) -> None:
    stay = ["--tariff", CHAOZHOU, "--entry", "2026-03-03T10:00", "--exit", "2026-03-03T14:01"]
    answer = quoted(capsys, *stay)
    assert (answer["total_fen"], answer["next_total_fen"]) == (700, 900)
    assert answer["next_change_at"] == "2026-03-03T15:00:01+08:00"
    assert [line["text_en"] for line in answer["lines"]] == ["car: 1 × 5.00 yuan", "car: 1 × 2.00 yuan"]  # type: ignore[attr-defined]
    assert quoted(capsys, *stay, "--vehicle", "motorcycle")["total_fen"] == 100
    assert main(["quote", *stay]) == 0
    told = capsys.readouterr().out
    assert "7.00 yuan" in told
    assert "小型车" in told


def test_vouchers_payments_and_plates_count(capsys: Out) -> None:
    stay = ["--tariff", DEMO, "--entry", "2026-03-03T10:00", "--exit", "2026-03-03T12:30"]
    assert quoted(capsys, *stay, "--voucher", "minutes:60", "--paid", "300")["payable_fen"] == 700
    assert quoted(capsys, *stay, "--voucher", "percent:50", "--voucher", "money:100")["payable_fen"] == 700
    assert quoted(capsys, *stay, "--plate-kind", "monthly")["total_fen"] == 0
    assert quoted(capsys, *stay, "--plate-kind", "police")["total_fen"] == 0
    for wrong in (["--vehicle", "tank"], ["--plate-kind", "pink"], ["--voucher", "coin:3"], ["--day-type", "easter"]):
        assert main(["quote", *stay, *wrong]) == 2
        assert "write one of" in capsys.readouterr().err


def test_a_list_of_known_prices_is_met_or_what_differs_is_told(tmp_path: Path, capsys: Out) -> None:
    words = ["quote", "--tariffs", str(EXAMPLES), "--vectors"]
    assert main([*words, str(VECTORS)]) == 0
    rows = json.loads(VECTORS.read_text("utf-8"))
    rows[0]["fen"] = 1
    rows[-1]["chargeable_minutes"] = 120
    rows.append({"tariff": "chaozhou-tcm-hospital", "minutes": 1441, "fen": 200, "given": {"vehicle": "motorcycle"}})
    rows.append(
        {"tariff": "nanning", "minutes": 90, "fen": 60, "given": {"day type": "holiday", "plate kind": "ordinary"}}
    )
    listed = tmp_path / "rows.json"
    listed.write_text(json.dumps(rows), "utf-8")
    assert main([*words, str(listed), "--json"]) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["row"] for row in told["differ"]] == [0, len(rows) - 3]
    assert main([*words, str(listed)]) == 1
    assert "chargeable_minutes is listed as 120, found 90" in capsys.readouterr().out
    listed.write_text('[{"tariff": "moscow", "minutes": 3, "fen": 1}]')
    assert main([*words, str(listed)]) == 2
    assert "moscow" in capsys.readouterr().err


def test_a_bad_tariff_file_ends_with_2_and_says_file_line_key_and_remedy(tmp_path: Path, capsys: Out) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(Path(DEMO).read_text("utf-8").replace("interval_duration = 60", "interval_duration = 0"), "utf-8")
    assert main(["quote", "--tariff", str(bad), "--entry", "2026-03-03T10:00", "--exit", "2026-03-03T11:00"]) == 2
    told = capsys.readouterr().err
    assert f"{bad}:" in told
    assert "fixed_interval_rule[0].interval_duration" in told
    assert main(["tariff", "check", str(bad)]) == 2
    assert main(["tariff", "check", DEMO, CHAOZHOU]) == 0


def sign(file: str, tariff: Path, who: str, word: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{word}\n"))
    return main(["tariff", "sign", str(tariff), "--by", who, "--config", file])


def people_of(file: Path, **people: str) -> None:
    """Add people whose password is their name, twice."""

    async def add() -> None:
        async with Database(url) as db:
            for name, role in people.items():
                await Operators(db, config.site_id, SystemClock()).add(
                    name, role, f"{name}-{name}-pass", must_change=False
                )

    config = load(file)
    url = database_url(config)
    give_tables(url)
    asyncio.run(add())


@pytest.mark.usefixtures("any_database")
def test_a_version_charges_once_two_people_have_signed_it_and_not_before(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    tariffs = tmp_path / "own"
    tariffs.mkdir()
    mine = tariffs / "mine.toml"
    mine.write_text(Path(DEMO).read_text("utf-8").replace("demo = true", "demo = false"), "utf-8")
    changes = ("# data = ", 'data = "data"  # '), ('folder = "billing/tariffs"', 'folder = "own"')
    path = site_beside(tmp_path, *changes)
    file = str(path)
    people_of(path, wang="manager", li="administrator", zhao="operator")
    assert sign(file, mine, "zhao", "zhao-zhao-pass", monkeypatch) == 2
    assert sign(file, mine, "wang", "wrong-password", monkeypatch) == 2
    assert sign(file, mine, "wang", "wang-wang-pass", monkeypatch) == 0
    assert sign(file, mine, "wang", "wang-wang-pass", monkeypatch) == 1
    capsys.readouterr()
    assert main(["tariff", "list", "--json", "--config", file]) == 0
    assert "1 of 2 people" in json.loads(capsys.readouterr().out)[0]["may_charge"]
    assert main(["check", "--config", file]) == 2
    assert "no tariff in this folder may charge now" in capsys.readouterr().err
    assert sign(file, mine, "li", "not-li-pass", monkeypatch) == 2
    assert sign(file, mine, "li", "li-li-pass", monkeypatch) == 0
    capsys.readouterr()
    assert main(["tariff", "list", "--json", "--config", file]) == 0
    assert json.loads(capsys.readouterr().out)[0]["may_charge"] == "yes"
    mine.write_text(mine.read_text("utf-8").replace("interval_amount = 500", "interval_amount = 501"), "utf-8")
    assert main(["tariff", "list", "--json", "--config", file]) == 0
    assert "0 of 2 people" in json.loads(capsys.readouterr().out)[0]["may_charge"]
    assert main(["audit", "verify", "--config", file]) == 0
    rows = rows_of(path, "select actor from journal where what = 'tariff signed' order by n")
    assert rows == [("wang",), ("li",)]


def test_holidays_are_seeded_shown_and_changed_and_a_missing_year_is_told(tmp_path: Path, capsys: Out) -> None:
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    assert main(["holidays", "show", "--config", file]) == 1
    assert "daozha holidays seed" in capsys.readouterr().err
    assert main(["holidays", "seed", "2026", "--config", file]) == 0
    assert main(["holidays", "seed", "2026", "--config", file]) == 1
    assert main(["holidays", "seed", "2150", "--config", file]) == 2
    assert "State Council" in capsys.readouterr().err
    assert main(["holidays", "set", "2026-10-09", "holiday", "--name", "national-day", "--config", file]) == 0
    capsys.readouterr()
    main(["holidays", "show", "2026", "--json", "--config", file])
    days = {row["date"]: row for row in json.loads(capsys.readouterr().out)["days"]}
    assert days["2026-10-01"] == {"date": "2026-10-01", "day": "holiday", "name": "national-day"}
    assert days["2026-02-14"]["day"] == "workday"
    assert days["2026-10-09"]["day"] == "holiday"
    assert main(["holidays", "set", "2026-10-09", "plain", "--config", file]) == 0
    table = tmp_path / "data" / "holidays.csv"
    table.write_text("date,day,name\n2026-13-01,holiday,x\n", "utf-8")
    assert main(["holidays", "show", "--config", file]) == 2
    assert ":2: date" in capsys.readouterr().err


class November(SystemClock):
    """A clock that stands in November 2026."""

    def now(self) -> datetime:
        return local("2026-11-01 00:00")


def test_daozha_check_warns_from_november_on_while_next_years_holidays_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '), ('folder = "billing/tariffs"', 'folder = "own"'))
    (tmp_path / "own").mkdir()
    by_day = Path(DEMO).read_text("utf-8").replace("[[fixed", BY_DAY + "[[fixed", 1)
    (tmp_path / "own" / "mine.toml").write_text(
        by_day.replace('title = "临时停车"', 'day_type = "DAY_TYPE_WEEKDAY"\ntitle = "临时停车"'), "utf-8"
    )
    monkeypatch.setattr("scada.check.tariffs.SystemClock", November)
    assert main(["holidays", "seed", "2026", "--config", str(file)]) == 0

    def told() -> list[tuple[str, Severity]]:
        return [(one.key, one.severity) for one in check(file) if one.file.name == "holidays.csv"]

    assert told() == [("2027", Severity.WARNING)]
    assert main(["holidays", "set", "2027-01-01", "holiday", "--config", str(file)]) == 0
    assert told() == [("2027", Severity.WARNING)], "one day set by hand is not the decree"
    assert main(["holidays", "set", "2027-10-01", "holiday", "--config", str(file)]) == 0
    assert told() == []
    (tmp_path / "data" / "holidays.csv").unlink()
    assert told() == [("2026", Severity.ERROR), ("2027", Severity.WARNING)]
    monkeypatch.setattr(November, "now", lambda _self: local("2026-10-31 23:59"))
    assert told() == [("2026", Severity.ERROR)]
    (tmp_path / "own" / "mine.toml").write_text(Path(DEMO).read_text("utf-8"), "utf-8")
    assert told() == []


def test_daozha_check_warns_where_large_vehicles_would_park_for_nothing(tmp_path: Path) -> None:
    file = site_beside(tmp_path, ('folder = "billing/tariffs"', 'folder = "own"'))
    (tmp_path / "own").mkdir()
    own, text = tmp_path / "own" / "mine.toml", Path(DEMO).read_text("utf-8")
    own.write_text(text.replace('title = "临时停车"', 'vehicle_type = "VEHICLE_TYPE_SMALL"'), "utf-8")
    assert [one.what for one in check(file) if one.file == own] == [
        "a whole day costs a large vehicle (yellow plate) nothing"
    ]
    own.write_text(text, "utf-8")
    assert [one for one in check(file) if one.file == own] == []


BY_DAY = """day_type_mode = "DAY_TYPE_OF_UNIT"
holiday_mode = "HOLIDAY_MODE_LEGAL_MODY"
holiday_missing = "HOLIDAY_MISSING_REFUSE"
straddle = "STRADDLE_EARLIER"
uncharged_time_counts = true

"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--exit", "9999-12-31T23:59"], "is not from 2000 to 2199"),
        (["--entry", "0001-01-01"], "is not from 2000 to 2199"),
        (["--exit", "2026-03-03T09:59"], "is before the entry"),
        (["--exit", "soon"], "is no moment"),
        (["--paid", "-500"], "nobody pays less than nothing"),
        (["--voucher", "money:" + "9" * 5000], "is no voucher"),
        (["--voucher", "minutes:-5"], "is no voucher"),
        (["--vehicle", "seats:" + "9" * 5000], "write it like seats:20"),
        (["--holidays", "none.csv"], "there is no such file"),
        (["--holidays", "long.csv"], "is no table"),
        (["--holidays", "other.csv"], ":1: the columns are not date,day,name"),
        (["--vectors", "deep.json"], "is not JSON"),
        (["--vectors", "endless.json"], "more than a hundred years"),
        (["--vectors", "back.json"], "it ends before it begins"),
        (["--vectors", "never.json"], "is no moment"),
        (["--vectors", "none.json"], "No such file"),
    ],
)
def test_a_wrong_question_ends_with_2_and_says_what_is_wrong(
    words: list[str], told: str, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "long.csv": "date,day,name\n" + "x" * 200_000,
        "other.csv": "day,kind\n",
        "deep.json": "[" * 100_000,
        "endless.json": '[{"minutes": 99999999999999}]',
        "back.json": '[{"entry": "2026-03-03T10:00", "exit": "2026-03-03T09:00", "fen": 0}]',
        "never.json": '[{"minutes": 60, "next_change_at": "never"}]',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    asked = ["quote", "--tariff", DEMO, "--entry", "2026-03-03T10:00", "--exit", "2026-03-03T12:30"]
    assert main([*asked, *words]) == 2
    assert told in capsys.readouterr().err


def test_a_holiday_table_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "holidays.csv"
    holidays.write(path, {date(2026, 1, 1): Special(True, "new-year")})
    before, steps = path.read_bytes(), list[str]()

    def die(_from: Path, _to: Path) -> None:
        steps.append("named")
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", lambda _file: steps.append("on disk"))
    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        holidays.write(path, {date(2027, 1, 1): Special(True, "new-year")})
    assert path.read_bytes() == before
    assert steps == ["on disk", "named"]


def test_past_stays_are_priced_anew_under_a_draft(tmp_path: Path, capsys: Out) -> None:
    path = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    give_tables(database_url(load(path)))
    draft = tmp_path / "draft.toml"
    draft.write_text(Path(DEMO).read_text("utf-8").replace("interval_amount = 500", "interval_amount = 700"), "utf-8")
    asyncio.run(keep_stays(path, (10, None), (60, None), (1440, None), (600, "C1")))
    words = ["tariff", "compare", str(draft), "--from", "2026-03-01", "--to", "2026-03-31", "--config", str(path)]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in ("stays", "dearer", "cheaper", "now_fen", "draft_fen")} == {
        "stays": 3,
        "dearer": 1,
        "cheaper": 0,
        "now_fen": 4500,
        "draft_fen": 4700,
    }
    assert main(words) == 0
    assert "difference 2.00 yuan: 1 dearer, 0 cheaper" in capsys.readouterr().out
    for since, last in (("2026-03-31", "2026-03-01"), ("9999-12-31", "9999-12-31")):
        assert main(["tariff", "compare", str(draft), "--from", since, "--to", last, "--config", str(path)]) == 2
        assert f"there are no days from {since} to {last}" in capsys.readouterr().err


def test_past_stays_are_priced_by_the_terms_kept_with_each_though_two_share_a_versions_name(
    tmp_path: Path, capsys: Out
) -> None:
    path = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    give_tables(database_url(load(path)))
    asyncio.run(keep_stays(path, (60, None)))
    asyncio.run(keep_stays(path, (60, None), amount=700, first=1))
    words = ["tariff", "compare", DEMO, "--from", "2026-03-01", "--to", "2026-03-31", "--config", str(path), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["now_fen"], told["draft_fen"], told["cheaper"]) == (1200, 1000, 1)


async def keep_stays(path: Path, *kept: tuple[int, str | None], amount: int = 500, first: int = 0) -> None:
    """Write stays of so many minutes that have ended, some on a month card."""
    config = await asyncio.to_thread(load, path)
    terms = await asyncio.to_thread(lambda: tomllib.loads(Path(DEMO).read_text("utf-8")))
    terms["fixed_interval_rule"][0]["interval_amount"] = amount
    plain = {"site": "demo", "plate_kind": "ordinary", "plate_colour": "BLUE", "entry_lane": "in1", "ending": "EXIT"}
    rows = [
        {**plain, "id": f"s{number}", "plate": f"京A{number}", "entry_passage": f"p{number}", "card": card}
        | {"entered_at": local("00:00"), "exited_at": local("00:00") + timedelta(minutes=minutes)}
        | {"tariff": "demo-1", "tariff_terms": terms}
        for number, (minutes, card) in enumerate(kept, start=first)
    ]
    async with Database(database_url(config)) as db:
        await db.write(lambda conn: conn.execute(insert(stay), rows))


def test_a_car_that_was_away_goes_on_with_its_stay_where_the_tariff_says_so(tmp_path: Path, capsys: Out) -> None:
    free = tmp_path / "free.toml"
    said = 'reentry_mode = "REENTRY_GAP_FREE"\nreentry_duration = 30'
    free.write_text(Path(DEMO).read_text("utf-8").replace('reentry_mode = "REENTRY_NEVER"', said), "utf-8")
    stay = ["--entry", "2026-03-03T10:00", "--exit", "2026-03-03T11:20"]
    assert quoted(capsys, "--tariff", str(free), *stay, "--away", "2026-03-03T10:30/10:50")["total_fen"] == 500
    away = ["--away", "2026-03-03T10:30/2026-03-03T10:50", "--paid", "500"]
    answer = quoted(capsys, "--tariff", str(free), *stay, *away)
    assert (answer["payable_fen"], answer["next_change_at"]) == (0, "2026-03-03T11:20:01+08:00")
    kinds = [(line["kind"], line["start"][11:16], line["end"][11:16]) for line in answer["lines"]]  # type: ignore[attr-defined]
    assert kinds == [("charge", "10:00", "11:20"), ("away", "10:30", "10:50")]
    for file, gap in ((DEMO, "10:30/10:50"), (str(free), "10:30/11:01"), (str(free), "09:00/09:10")):
        assert main(["quote", "--tariff", file, *stay, "--away", f"2026-03-03T{gap}"]) == 2
        assert "--away" not in capsys.readouterr().out
