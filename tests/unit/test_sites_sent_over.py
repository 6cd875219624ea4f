"""What a plant elsewhere sends over is bounded, whatever that plant does."""

import base64
from itertools import count

import pytest

from hmi.control.archive import NotRead
from hmi.control.sites import sentover
from scada.bridge import Message, Refused, Reply, Value
from scada.drawing import MOST_DRAWN

PART = b" " * 500_000


def test_a_drawing_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count(1)

    def ask(_verb: str, _args: Message, *, within_s: float) -> Reply:
        assert next(calls) <= MOST_DRAWN // len(PART) + 1, f"asked for more, within {within_s} s each"
        return Value({"part_b64": base64.b64encode(PART).decode()})

    monkeypatch.setattr(sentover, "ask", ask)
    with pytest.raises(NotRead, match="2 MB"):
        sentover.SentOver(lambda: 0.0).drawing()


def test_why_there_is_no_drawing_is_what_the_plant_says(monkeypatch: pytest.MonkeyPatch) -> None:
    no = Refused("gone", "this site has no drawing")
    monkeypatch.setattr(sentover, "ask", lambda *_, **__: no)
    with pytest.raises(NotRead) as refused:
        sentover.SentOver(lambda: 0.0).drawing()
    assert refused.value.said is no
