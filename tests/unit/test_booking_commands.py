"""`daozha booking` and `daozha report visitors`: what they answer, and what they refuse."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scada.__main__ import main
from scada.model.rights import may
from tests.support.house import site_beside

Out = pytest.CaptureFixture[str]
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = str(site_beside(tmp_path, ('# data = "/var/lib/daozha"', 'data = "data"')))
    agreed = ["--manner", "postpaid", "--limit", "100000", "--may-book", "--book-per-day", "3"]
    assert main(["merchant", "add", "ACME", *agreed, "--config", path]) == 0
    return path


def told(capsys: Out, *words: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def times(days: float = 0) -> list[str]:
    day = datetime.now(SHANGHAI) + timedelta(days=days)
    return ["--from", f"{day:%Y-%m-%d %H:%M}", "--to", f"{day:%Y-%m-%d}"]


def test_a_visitor_is_announced_changed_listed_and_withdrawn(config: str, capsys: Out) -> None:
    at = ["--config", config]
    assert main(["booking", "add", "ACME", "京a·12345", *times(), "--pays", "full", "--note", "Mr Li", *at]) == 0
    [made] = told(capsys, "booking", "list", *at)
    assert (made["host"], made["plate"], made["pays"], made["state"]) == ("ACME", "京A12345", "full", "expected")
    assert main(["booking", "add", "ACME", "京A12345", *times(), *at]) == 1
    assert "booked for this time already" in capsys.readouterr().err
    name = str(made["id"])
    assert main(["booking", "change", name, "ACME", "京A54321", *times(), "--entries", "any", *at]) == 0
    assert [row["entries"] for row in told(capsys, "booking", "list", "--plate", "京A54321", *at)] == [0]
    assert main(["booking", "list", "--host", "ACME", "--to-come", *at]) == 0
    assert "1 booking (Asia/Shanghai)" in capsys.readouterr().out
    assert main(["booking", "withdraw", name, *at]) == 0
    assert main(["booking", "withdraw", name, *at]) == 1
    assert told(capsys, "booking", "list", "--to-come", *at) == []


def test_a_host_gets_nothing_back_while_visitors_may_come_for_whom_it_pays(config: str, capsys: Out) -> None:
    at = ["--config", config]
    for plate, pays in (("京A12345", "full"), ("京A54321", "none")):
        assert main(["booking", "add", "ACME", plate, *times(), "--pays", pays, *at]) == 0
    assert main(["merchant", "paid", "ACME", "5000", *at]) == main(["merchant", "end", "ACME", *at]) == 0
    assert main(["merchant", "repay", "ACME", *at]) == 1
    assert "visitors may still come" in capsys.readouterr().err
    [paying] = [row for row in told(capsys, "booking", "list", *at) if row["pays"] == "full"]
    assert main(["booking", "withdraw", str(paying["id"]), *at]) == 0
    assert main(["merchant", "repay", "ACME", *at]) == 0


def test_what_cannot_be_read_or_was_not_agreed_is_refused(config: str, capsys: Out) -> None:
    at = ["--config", config]
    assert main(["booking", "add", "ACME", "hello", "--from", "soon", "--to", "later", *at]) == 2
    assert "'hello' is no plate" in capsys.readouterr().err
    for host in ("Nobody", "Shop"):
        assert main(["booking", "add", host, "京A12345", *times(), *at]) == 1
        main(["merchant", "add", "Shop", "--manner", "prepaid", "--kinds", "full", *at])
    assert main(["booking", "change", "b1", "Nobody", "京A12345", *times(), *at]) == 1
    assert main(["merchant", "add", "Neither", "--manner", "prepaid", *at]) == 2


def test_a_file_of_visitors_is_taken_whole_or_not_at_all(config: str, tmp_path: Path, capsys: Out) -> None:
    at, file = ["--config", config], tmp_path / "visitors.csv"
    day = f"{datetime.now(SHANGHAI):%Y-%m-%d}"
    rows = [f"京A1234{number},{day},{day},minutes:120" for number in range(4)]
    file.write_text("\n".join(("plate,from,to,pays", *rows, "")), encoding="utf-8-sig")
    assert main(["booking", "import", str(file), "--host", "ACME", *at]) == 2
    said = capsys.readouterr().err
    assert "visitors.csv:5: host: ACME books 3 a day at most" in said
    assert "nothing was taken" in said
    assert told(capsys, "booking", "list", *at) == []
    file.write_text("\n".join(("plate,from,to,pays", *rows[:2], "")), encoding="utf-8")
    assert main(["booking", "import", str(file), *at]) == 2
    assert "visitors.csv:2: host: nobody announces this visitor" in capsys.readouterr().err
    assert main(["booking", "import", str(file), "--host", "ACME", *at]) == 0
    assert len(told(capsys, "booking", "list", *at)) == 2
    assert main(["booking", "import", str(file), "--host", "ACME", *at]) == 2
    assert "visitors.csv:3: plate: this plate is booked" in capsys.readouterr().err
    file.write_bytes("车牌".encode("gbk"))
    assert main(["booking", "import", str(file), *at]) == 2
    assert main(["booking", "import", str(tmp_path / "none.csv"), *at]) == 2


def test_a_report_tells_each_hosts_visitors(config: str, capsys: Out) -> None:
    at, day = ["--config", config], f"{datetime.now(SHANGHAI):%Y-%m-%d}"
    main(["booking", "add", "ACME", "京A12345", *times(), "--note", "Mr Li", *at])
    span = ["--from", day, "--to", day]
    capsys.readouterr()
    assert main(["report", "visitors", *span, "--json", *at]) == 0
    report = json.loads(capsys.readouterr().out)
    [host], [visitor] = report["hosts"], report["visitors"]
    assert (host["host"], host["booked"], host["came"], host["part_fen"]) == ("ACME", 1, 0, 0)
    assert (visitor["plate"], visitor["state"], visitor["note"]) == ("京A12345", "expected", "Mr Li")
    assert main(["report", "visitors", *span, "--format", "csv", *at]) == 0
    assert capsys.readouterr().out.startswith("host,since,until,plate,")
    for more, word in (([], "ACME"), (["--host", "ACME"], "京A12345")):
        assert main(["report", "visitors", *span, *more, *at]) == 0
        assert word in capsys.readouterr().out


def test_operators_book_for_hosts_and_whoever_only_looks_does_not() -> None:
    assert may("operator", "book_visitor")
    assert may("operator", "bookings")
    assert not may("viewer", "withdraw_booking")
