"""`daozha merchant`, `voucher` and `arrears`: what they answer, and what they refuse."""

import json
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.model.rights import may
from tests.support.house import site_beside

Out = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> str:
    return str(site_beside(tmp_path, ('# data = "/var/lib/daozha"', 'data = "data"')))


def told(capsys: Out, *words: str) -> list[dict[str, object]]:
    assert main([*words, "--json"]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_a_merchant_gives_a_voucher_as_a_code_that_is_claimed_and_withdrawn(config: str, capsys: Out) -> None:
    at = ["--config", config]
    assert main(["merchant", "add", "Shop", "--manner", "prepaid", "--kinds", "minutes:120,full", *at]) == 0
    assert main(["voucher", "give", "Shop", "minutes:60", *at]) == 1
    assert "top it up" in capsys.readouterr().err
    assert main(["merchant", "paid", "Shop", "5000", *at]) == 0
    assert main(["voucher", "give", "Shop", "minutes:60", *at]) == 0
    assert ", code " in capsys.readouterr().out
    [given] = told(capsys, "voucher", "list", *at)
    assert (given["state"], given["kind"], given["value"], given["plate"]) == ("ISSUED", "minutes", 60, None)
    assert main(["voucher", "claim", str(given["code"]).lower(), "京A12345", *at]) == 0
    assert main(["voucher", "claim", str(given["code"]), "京A12345", *at]) == 1
    assert main(["voucher", "withdraw", str(given["id"]), "--why", "wrong car", *at]) == 0
    capsys.readouterr()
    assert [row["state"] for row in told(capsys, "voucher", "list", "--plate", "京A12345", *at)] == ["WITHDRAWN"]
    [shop] = told(capsys, "merchant", "list", *at)
    assert (shop["owes_fen"], shop["most"]) == (-5000, {"minutes": 120, "full": 0})


def test_the_code_of_a_shop_is_printed_once_and_ended(config: str, capsys: Out) -> None:
    at = ["--config", config]
    assert main(["merchant", "link", "Shop", *at]) == 1
    assert main(["merchant", "add", "Shop", "--manner", "prepaid", "--kinds", "full", *at]) == 0
    assert main(["merchant", "link", "Shop", "--revoke", *at]) == 1
    capsys.readouterr()
    assert main(["merchant", "link", "Shop", *at]) == 0
    first = capsys.readouterr().out
    assert "/shop#" in first
    assert main(["merchant", "link", "Shop", *at]) == 0
    assert capsys.readouterr().out != first
    assert main(["merchant", "link", "Shop", "--revoke", *at]) == 0
    assert main(["merchant", "link", "Shop", "--revoke", *at]) == 1


def test_what_no_merchant_can_agree_to_is_refused_before_anything_is_written(config: str, capsys: Out) -> None:
    for kinds in ("coins:3", "percent:101", "minutes:x", "full:3"):
        assert main(["merchant", "add", "Shop", "--manner", "prepaid", "--kinds", kinds, "--config", config]) == 2
        assert capsys.readouterr().err
    assert told(capsys, "merchant", "list", "--config", config) == []


def test_what_is_not_there_cannot_be_ended_invoiced_or_withdrawn(config: str, capsys: Out) -> None:
    at = ["--config", config]
    assert main(["merchant", "end", "Shop", *at]) == 1
    assert main(["merchant", "invoice", "Shop", *at]) == 1
    assert main(["voucher", "withdraw", "X", "--why", "wrong", *at]) == 1
    assert main(["voucher", "give", "Shop", "full", "--plate", "hello", *at]) == 2
    assert main(["arrears", "write-off", "X", "--why", "old", *at]) == 1
    assert "owes nothing" in capsys.readouterr().err
    assert told(capsys, "arrears", "list", *at) == []


def test_a_report_of_arrears_needs_a_time(config: str, capsys: Out) -> None:
    assert main(["arrears", "report", "--config", config]) == 2
    month = ["--from", "2026-05-01", "--to", "2026-05-31", "--config", config]
    assert main(["arrears", "report", *month, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["left_fen"], answer["recovered_percent"]) == (0, 100)


def test_operators_give_vouchers_and_managers_agree_with_merchants() -> None:
    assert may("operator", "give_voucher")
    assert not may("operator", "add_merchant")
    assert not may("operator", "write_off_arrears")
    assert may("manager", "write_off_arrears")
    assert may("auditor", "vouchers")
    assert not may("technician", "vouchers")


def test_a_card_is_sold_renewed_moved_listed_and_ended(config: str, capsys: Out) -> None:
    at = ["--config", config]
    assert main(["card", "sell", "month", "京A12345", "--holder", "flat 7", *at]) == 0
    assert main(["card", "sell", "month", "京A12345", *at]) == 1
    assert main(["card", "sell", "gold", "京B22222", *at]) == 2
    assert main(["card", "sell", "month", "hello", *at]) == 2
    capsys.readouterr()
    [card] = told(capsys, "card", "list", *at)
    assert (card["state"], card["plates"], card["holder"]) == ("ACTIVE", ["京A12345"], "flat 7")
    name = str(card["card"])
    assert main(["card", "change-plate", name, "京A12345", "京B22222", *at]) == 0
    assert main(["card", "change-plate", name, "京B22222", "京C33333", *at]) == 1
    assert main(["card", "renew", name, "--into", "bank", *at]) == 0
    capsys.readouterr()
    assert told(capsys, "card", "due", "--days", "20", *at) == []
    [renewed] = told(capsys, "card", "due", "--days", "70", *at)
    assert str(renewed["until"]) > str(card["until"])
    assert main(["card", "end", name, "--why", "he moves", *at]) == 0
    assert main(["card", "end", name, "--why", "again", *at]) == 1
    assert main(["card", "products", *at]) == 0
    capsys.readouterr()
    assert main(["ledger", "check", *at]) == 0
