"""Refusals at the public door: all are counted, a few are written down."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from scada.clock import Clock
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.tries import EVERY_S, Tries
from tests.support.engine import KeptJournal
from tests.support.hmi_pages import Seconds


@dataclass
class Watch:
    """A clock of which only the seconds are asked."""

    seconds: Seconds = field(default_factory=Seconds)


def ask(verb: str) -> Ask:
    return Ask("public", verb, {}, "", "", "", "")


async def test_a_flood_of_guesses_is_written_down_once_a_minute_with_its_size() -> None:
    watch, journal = Watch(), KeptJournal()

    async def refuse(_ask: Ask) -> object:
        raise BridgeRefusal("gone", "no such code")

    guess = Tries(journal, cast(Clock, watch)).watched({"claim_view": refuse})["claim_view"]
    for _ in range(50):
        with pytest.raises(BridgeRefusal, match="no such code"):
            await guess(ask("claim_view"))
    watch.seconds.now += EVERY_S
    with pytest.raises(BridgeRefusal):
        await guess(ask("claim_view"))
    assert [entry.body["times"] for entry in journal.entries] == [1, 50]
    assert {entry.what for entry in journal.entries} == {"was refused"}


async def test_what_an_honest_driver_mistypes_is_not_held_against_him() -> None:
    journal = KeptJournal()

    async def mistyped(_ask: Ask) -> object:
        raise BridgeRefusal("bad_args", "this is not a plate")

    find = Tries(journal, cast(Clock, Watch())).watched({"fee_find": mistyped})["fee_find"]
    with pytest.raises(BridgeRefusal):
        await find(ask("fee_find"))
    assert journal.entries == []
