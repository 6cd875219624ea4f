"""No code of the books reaches the desk's payment timeline: each state and verdict has its words there."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from billing import settle
from billing.refunds.plan import RefundState
from billing.settle import OrderState, Wrong

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "hmi/static/control/desk/desk-money.js").read_text(encoding="utf-8")
APPLYING = (ROOT / "billing/orders/applying.py").read_text(encoding="utf-8")
APPLIED = re.findall(r'return "(\w+)"', APPLYING.partition("def verdict")[2].partition("assert_never")[0])
WRONGS = re.findall(r'Wrong\("(\w+)"', Path(settle.__file__).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("ORDERS", [state.value for state in OrderState]),
        ("REFUNDS", [state.value for state in RefundState]),
        ("VERDICTS", [*APPLIED, *WRONGS]),
    ],
)
def test_every_code_of_the_books_has_words_on_the_desk(table: str, codes: Iterable[str]) -> None:
    [words] = re.findall(rf"const {table} = {{(.*?)}};", SCRIPT, re.DOTALL)
    assert set(re.findall(r"(\w+): \(\) => t\(", words)) == set(codes)


def test_the_verdicts_are_found_where_they_are_given() -> None:
    assert {"settled", "duplicate"} <= set(APPLIED)
    assert isinstance(settle.NO_ORDER, Wrong)
    assert settle.NO_ORDER.verdict in WRONGS
    assert len(WRONGS) == 6
