"""What a plate may do and what it is let off, row by row."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.rights import (
    Arrival,
    Cover,
    Departure,
    Right,
    RightKind,
    Visit,
    admission,
    cover,
    doubt,
    too_much,
)
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.plate import Plate, PlateColour, PlateKind, ReadBy
from tests.support.rights import CELLAR, DAY, LIMIT, LOT, NOW, ROOF, STAFF, ZONES, arrival, parked, right, seen

MONTH, WHITE, BLACK = right(RightKind.MONTH), right(RightKind.WHITE), right(RightKind.BLACK)
LOCKED, SPECIAL = right(RightKind.LOCKED), right(RightKind.SPECIAL)
POLICE = seen("京A1234警", PlateKind.POLICE, PlateColour.WHITE)
SOLDIERS = seen("VA12345", PlateKind.MILITARY, PlateColour.WHITE)
ARMED = seen("WJ京1234A", PlateKind.UNKNOWN, PlateColour.UNKNOWN)
RESCUE = seen("京A1234应急", PlateKind.UNKNOWN, PlateColour.UNKNOWN)


@pytest.mark.parametrize(
    ("car", "reason"),
    [
        (arrival(), Reason.ADMITTED),
        (arrival(cars=89), Reason.ADMITTED),
        (arrival(booked=True), Reason.BOOKED),
        (arrival(cars=99, booked=True), Reason.BOOKED),
        (arrival(zone=STAFF, booked=True), Reason.BOOKED),
        (arrival(rights=(MONTH,), booked=True), Reason.MONTH),
        (arrival(rights=(MONTH,)), Reason.MONTH),
        (arrival(cars=99, rights=(MONTH,)), Reason.MONTH),
        (arrival(rights=(right(RightKind.MONTH, zone=ROOF),)), Reason.MONTH),
        (arrival(rights=(right(RightKind.MONTH, zone=STAFF),)), Reason.ADMITTED),
        (arrival(rights=(right(RightKind.MONTH, spaces=2, others=1),)), Reason.MONTH),
        (arrival(rights=(right(RightKind.MONTH, spaces=2, others=2),)), Reason.ADMITTED),
        (arrival(rights=(right(RightKind.MONTH, until=NOW),)), Reason.ADMITTED),
        (arrival(rights=(replace(MONTH, since=NOW + DAY),)), Reason.ADMITTED),
        (arrival(cars=100, rights=(WHITE,)), Reason.WHITE_LIST),
        (arrival(cars=120, rights=(SPECIAL,)), Reason.SPECIAL),
        (arrival(rights=(MONTH, WHITE, SPECIAL)), Reason.SPECIAL),
        (arrival(cars=100, read=POLICE), Reason.SPECIAL),
        (arrival(cars=100, read=SOLDIERS), Reason.SPECIAL),
        (arrival(cars=100, read=ARMED), Reason.SPECIAL),
        (arrival(cars=100, read=RESCUE), Reason.SPECIAL),
        (arrival(rights=(right(RightKind.BLACK, zone=ROOF),)), Reason.ADMITTED),
        (arrival(rights=(right(RightKind.BLACK, until=NOW),)), Reason.ADMITTED),
        (arrival(inside=parked(owed=5000)), Reason.ADMITTED),
        (arrival(cars=100, inside=parked()), Reason.ADMITTED),
        (arrival(inside=parked(owed=90_000), read=seen(by=ReadBy.OPERATOR)), Reason.ADMITTED),
        (arrival(read=seen(by=ReadBy.DRIVER)), Reason.ADMITTED),
        (arrival(ROOF, inside=parked()), Reason.TRANSIT),
        (arrival(ROOF, cars=20, inside=parked(ROOF)), Reason.TRANSIT),
        (arrival(CELLAR, inside=parked(ROOF), rights=(MONTH,)), Reason.TRANSIT),
        (arrival(STAFF, rights=(MONTH,)), Reason.MONTH),
    ],
)
def test_who_may_come_in(car: Arrival, reason: Reason) -> None:
    assert admission(car, ZONES, LIMIT).reason is reason


@pytest.mark.parametrize(
    ("car", "word", "again", "person"),
    [
        (arrival(cars=90), "full", True, False),
        (arrival(cars=90, rights=(right(RightKind.MONTH, others=1),)), "full", True, False),
        (arrival(cars=100, rights=(MONTH,)), "full", True, False),
        (arrival(rights=(BLACK, MONTH)), "black list", False, False),
        (arrival(rights=(BLACK,), read=POLICE), "black list", False, False),
        (arrival(rights=(LOCKED,)), "locked", False, True),
        (arrival(STAFF), "month cards only", False, False),
        (arrival(STAFF, rights=(right(RightKind.MONTH, zone=LOT),)), "wrong zone", False, False),
        (arrival(inside=parked(owed=5001)), "50.01 yuan", False, True),
        (arrival(inside=parked(colour=PlateColour.YELLOW)), "clone", False, True),
        (arrival(inside=parked(), read=seen(by=ReadBy.DRIVER)), "inside already", False, False),
        (arrival(rights=(MONTH,), read=seen(by=ReadBy.DRIVER)), "typed", False, True),
        (arrival(read=replace(POLICE, by=ReadBy.DRIVER)), "typed", False, True),
        (arrival(ROOF), "wrong zone", False, True),
        (arrival(ROOF, inside=parked(STAFF)), "wrong zone", False, True),
        (arrival(ROOF, inside=parked(), read=seen(by=ReadBy.DRIVER)), "typed", False, True),
        (arrival(ROOF, inside=parked(colour=PlateColour.BLACK)), "clone", False, True),
        (arrival(ROOF, cars=20, inside=parked()), "full", True, False),
        (arrival(CELLAR, inside=parked()), "month cards only", False, False),
    ],
)
def test_who_may_not_and_who_must_look_or_wait(car: Arrival, word: str, again: bool, person: bool) -> None:
    said = admission(car, ZONES, LIMIT)
    assert said.reason is None
    assert word in said.why
    assert (said.again, said.person) == (again, person)


BLUE = Departure(seen(), NOW, LOT, PlateKind.ORDINARY, PlateColour.BLUE)


@pytest.mark.parametrize(
    ("car", "word"),
    [
        (BLUE, ""),
        (replace(BLUE, read=None), ""),
        (replace(BLUE, rights=(LOCKED,)), "locked"),
        (replace(BLUE, rights=(right(RightKind.LOCKED, until=NOW),)), ""),
        (replace(BLUE, rights=(right(RightKind.LOCKED, zone=ROOF),)), ""),
        (replace(BLUE, rights=(right(RightKind.LOCKED, zone=ROOF),), zone=ROOF), "locked"),
        (replace(BLUE, rights=(BLACK,)), "black list"),
        (replace(BLUE, rights=(MONTH, WHITE)), ""),
        (replace(BLUE, colour=PlateColour.YELLOW), "look like"),
        (replace(BLUE, kind=PlateKind.LEARNER), "look like"),
        (replace(BLUE, colour=PlateColour.UNKNOWN, kind=PlateKind.UNKNOWN), ""),
        (replace(BLUE, read=seen(colour=PlateColour.GREEN), colour=PlateColour.LIMEGREEN), ""),
        (replace(BLUE, fake_exits=1), ""),
        (replace(BLUE, fake_exits=2), "2 times in 30 days"),
    ],
)
def test_who_is_looked_at_before_being_asked_to_pay(car: Departure, word: str) -> None:
    said = doubt(car)
    assert word in said
    assert bool(said) == bool(word)


CAME = NOW - timedelta(hours=5)
CARD = Visit(Plate("京A12345"), PlateKind.ORDINARY, CAME, LOT, "card-1")
ENDED = right(RightKind.MONTH, until=NOW - timedelta(hours=2))
NEXT = Right(RightKind.MONTH, NOW - timedelta(hours=2), card="card-2")
LATER = Right(RightKind.MONTH, NOW - timedelta(hours=1), card="card-2")


@pytest.mark.parametrize(
    ("visit", "rights", "expected"),
    [
        (replace(CARD, card=""), (), Cover(None, CAME)),
        (replace(CARD, card=""), (MONTH,), Cover(None, CAME)),
        (CARD, (MONTH,), Cover(Reason.MONTH, NOW)),
        (CARD, (right(RightKind.MONTH, zone=ROOF),), Cover(Reason.MONTH, NOW)),
        (CARD, (right(RightKind.MONTH, zone=STAFF),), Cover(None, CAME)),
        (CARD, (ENDED,), Cover(None, NOW - timedelta(hours=2))),
        (CARD, (right(RightKind.MONTH, until=NOW),), Cover(None, NOW)),
        (CARD, (NEXT, ENDED), Cover(Reason.MONTH, NOW)),
        (CARD, (ENDED, LATER), Cover(None, NOW - timedelta(hours=2))),
        (CARD, (), Cover(None, CAME)),
        (replace(CARD, card=""), (WHITE,), Cover(Reason.WHITE_LIST, NOW)),
        (replace(CARD, card=""), (SPECIAL,), Cover(Reason.SPECIAL, NOW)),
        (replace(CARD, card="", plate=RESCUE.text), (), Cover(Reason.SPECIAL, NOW)),
        (replace(CARD, card="", kind=PlateKind.POLICE), (), Cover(Reason.SPECIAL, NOW)),
        (replace(CARD, card="", zone=ROOF), (right(RightKind.WHITE, zone=LOT),), Cover(Reason.WHITE_LIST, NOW)),
    ],
)
def test_what_rights_let_a_stay_off(visit: Visit, rights: tuple[Right, ...], expected: Cover) -> None:
    assert cover(visit, rights, ZONES, NOW) == expected


@pytest.mark.parametrize(
    ("hours", "fen", "word"),
    [(72, 50_000, ""), (73, 100, "72 hours"), (1, 50_001, "500.00 yuan"), (900, 0, ""), (900, -5, "")],
)
def test_a_long_or_dear_stay_is_looked_at_first(hours: int, fen: int, word: str) -> None:
    said = too_much(NOW - timedelta(hours=hours), NOW, Fen(fen), 72, Fen(50_000))
    assert word in said
    assert bool(said) == bool(word)
