"""Tokens and seals of phones: made by the plant alone, good for one purpose and a while; and how often may be asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.driver.limits import Window
from billing.driver.tokens import LIFE, Tokens
from billing.driver.visitors import KNOWN_FOR, Seal
from billing.pay.web import Openid
from scada.secretfile import own_key

AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
FEE = Tokens(b"k" * 32, "fee")
STAY = "01KB0EXAMPLE0000000000STAY"


def test_a_token_names_its_stay_for_a_while() -> None:
    token = FEE.make(STAY, AT)
    assert FEE.subject(token, AT + LIFE - timedelta(seconds=1)) == STAY
    assert FEE.subject(token, AT + LIFE + timedelta(seconds=1)) is None


def test_a_token_of_another_purpose_or_key_is_none() -> None:
    token = FEE.make(STAY, AT)
    assert Tokens(b"k" * 32, "ticket").subject(token, AT) is None
    assert Tokens(b"x" * 32, "fee").subject(token, AT) is None


@given(st.integers(0, 90), st.characters())
def test_whatever_is_changed_in_a_token_makes_it_none(at: int, sign: str) -> None:
    token = FEE.make(STAY, AT)
    changed = token[: at % len(token)] + sign + token[at % len(token) + 1 :]
    assert changed == token or FEE.subject(changed, AT) is None


@given(st.text(max_size=200))
def test_whatever_is_no_token_is_none(text: str) -> None:
    assert FEE.subject(text, AT) is None


def test_the_key_is_made_once_and_refused_when_others_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "driver.key"
    assert own_key(path) == own_key(path)
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        own_key(path)


def test_only_the_plant_opens_what_it_sealed() -> None:
    seal, openid = Seal(b"k" * 32), Openid("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
    sealed = seal.close(openid, AT)
    assert "oUpF8" not in sealed
    assert seal.open(sealed, AT + KNOWN_FOR) == openid
    assert seal.open(sealed, AT + KNOWN_FOR + timedelta(seconds=1)) is None
    assert Seal(b"x" * 32).open(sealed, AT) is None
    for broken in ("", "zz", sealed[:-2], sealed + "00", "00" * 600):
        assert seal.open(broken, AT) is None


def test_who_goes_on_trying_goes_on_waiting() -> None:
    window = Window(2, 10.0)
    assert [window.take("a", s) for s in (0.0, 1.0, 2.0, 9.0)] == [True, True, False, False]
    assert window.take("b", 2.0)
    assert window.take("a", 30.0)


def test_a_window_forgets_whom_it_has_not_heard_of_longest() -> None:
    window = Window(1, 1e9)
    for number in range(5000):
        window.take(str(number), 0.0)
    assert window.take("0", 0.0)
    assert not window.take("4999", 0.0)
