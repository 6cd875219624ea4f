"""What a money case is about stands at the desk in the person's own language."""

import re
from pathlib import Path

import pytest

from billing.refunds.book import _WHAT
from hmi.i18n.said import said

ROOT = Path(__file__).parents[2]
_ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


def headings() -> list[str]:
    """Give what every kind of case says, as the books write it."""
    found = [*_WHAT.values(), "the till of wang is 1.00 yuan short", "the till of wang is 0.50 yuan over"]
    for place, what in (("billing/settle.py", "payment"), ("billing/parking/decide.py", "deduction")):
        source = (ROOT / place).read_text(encoding="utf-8")
        wrongs = re.findall(r'Wrong\("(\w+)", f?"([^"]+)"', source)
        assert len(wrongs) >= 2
        found += [f"{what} {verdict}: {re.sub(r'{[^}]+}', '7', why)}" for verdict, why in wrongs]
    for file in ("billing/orders/asking.py", "billing/refunds/book.py"):
        found += re.findall(r'what = .*?"([a-zA-Z][^"]+)"$', (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    return found


@pytest.mark.parametrize("heading", headings())
def test_every_heading_of_a_money_case_has_chinese(heading: str) -> None:
    assert not _ENGLISH.search(said(heading, "zh")), said(heading, "zh")


def test_headings_are_found_where_they_are_written() -> None:
    assert {
        "WeChat gives no end to an order; it may have been paid",
        "payment wrong_amount: 7 instead of 7 CNY",
    } <= set(headings())
    assert len(headings()) >= 15


def test_what_a_driver_gets_back_in_cash_is_change_and_no_edit() -> None:
    dialog = (ROOT / "hmi/static/control/cash-dialog.js").read_text(encoding="utf-8")
    [word] = set(re.findall(r"""class="change">\$\{t\('([^']+)'\)\}""", dialog))
    assert said(word, "zh") == "找零"
