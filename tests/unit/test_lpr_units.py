"""Units that push what they read: what is understood, what they are answered, and how a read votes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lpr.push.makes import MAKES
from lpr.push.recent import PushedReads, on_our_scale
from lpr.push.words import NoRead, Post, PushError, Read
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import PlateColour, PlateKind
from scada.settings.cameras import Unit
from tests.support.units import JPEG, dahua, hikvision, huaxia, vz

IN, START = LaneName("in1"), datetime(2025, 1, 1, 3, 0, tzinfo=UTC)
GATE = 0.8
READS: list[tuple[str, Callable[[str], Post], str]] = [
    ("vz", vz, "VZ-1"),
    ("huaxia", huaxia, "HX-1"),
    ("hikvision", hikvision, "HK-1"),
    ("dahua", dahua, "DH-1"),
]
OPENS = ('"ok"', "gpio", "ioctrl", "open", "strobe", "white_list", "whitelist", "relay", "manualtrigger", "barr")


def read_from(make: str, post: Post) -> Read:
    pushed, _ = MAKES[make](post)
    assert isinstance(pushed, Read), pushed
    return pushed


@pytest.mark.parametrize(("make", "post", "serial"), READS)
def test_a_read_of_every_make_is_understood(make: str, post: Callable[[str], Post], serial: str) -> None:
    read = read_from(make, post("京A12345"))
    assert (read.text, read.colour, read.serial, read.late, read.fake) == (
        "京A12345",
        PlateColour.BLUE,
        serial,
        False,
        False,
    )
    assert 0.9 <= read.share <= 0.97
    assert read.at is not None
    assert abs(read.at - START) < timedelta(seconds=1)
    assert read.jpeg in (JPEG, None if make == "huaxia" else JPEG)


@pytest.mark.parametrize(("make", "post", "serial"), READS)
def test_a_vehicle_without_a_plate_is_no_read(make: str, post: Callable[[str], Post], serial: str) -> None:
    nothing = {"vz": "_无_", "huaxia": "无牌车", "hikvision": "unknown", "dahua": "无牌车"}[make]
    pushed, _ = MAKES[make](post(nothing))
    assert isinstance(pushed, NoRead)
    assert pushed.serial == serial


def test_the_answers_are_these_bytes() -> None:
    """What each make expects, and on no byte of it any unit opens."""
    told = {
        "vz": MAKES["vz"](vz(number=7))[1].body,
        "vz late": MAKES["vz"](vz(number=8, late=True))[1].body,
        "vz heartbeat": MAKES["vz"](Post("", "multipart/form-data; boundary=b", b"--b--"))[1].body,
        "huaxia": MAKES["huaxia"](huaxia())[1].body,
        "hikvision": MAKES["hikvision"](hikvision())[1].body,
        "dahua": MAKES["dahua"](dahua())[1].body,
    }
    assert told == {
        "vz": b'{"Response_AlarmInfoPlate":{"info":"kept","content":"retransfer_stop","plateid":7}}',
        "vz late": b'{"Response_AlarmInfoPlate":{"info":"kept","content":"retransfer_stop",'
        b'"ContinuePushOffline":{"plateid":8,"continue":1}}}',
        "vz heartbeat": b"",
        "huaxia": b'{"error_num":0,"error_str":"noerror"}',
        "hikvision": b"",
        "dahua": b'{"Result":true}',
    }
    for body in told.values():
        assert not [word for word in OPENS if word in body.decode("ascii").lower()]


@pytest.mark.parametrize(
    ("make", "post"),
    [
        ("vz", Post("", "application/json", b"{")),
        ("vz", Post("", "application/json", b"[]")),
        ("vz", Post("", "application/json", b'{"AlarmInfoPlate":{"result":3}}')),
        ("vz", Post("", "application/json", b"{\xff\xfe\xff")),
        ("vz", Post("", "application/json", b'{"a":' * 100_000)),
        ("huaxia", Post("", "", b"&".join(b"a%d=1" % n for n in range(100)))),
        ("huaxia", Post("", "", b"plate_num=%ff%fe%ff")),
        ("hikvision", Post("", "text/plain", b"no parts")),
        ("hikvision", Post("", "multipart/form-data; boundary=b", b"--b\r\n\r\nnothing\r\n--b--")),
        ("hikvision", Post("", "application/xml", b"<EventNotificationAlert>")),
        ("hikvision", Post("", "application/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')),
        ("hikvision", Post("", "application/xml", '<?xml version="1.0"?><a/>'.encode("utf-16"))),
        ("dahua", Post("", "application/json", b"no")),
        ("dahua", Post("", "application/json", b'{"a":' + b"9" * 5000 + b"}")),
    ],
)
def test_what_a_make_does_not_send_is_refused(make: str, post: Post) -> None:
    with pytest.raises(PushError):
        MAKES[make](post)


def test_huaxia_writes_gbk_too_and_sends_what_was_kept_as_late() -> None:
    assert read_from("huaxia", huaxia("粤B12345", encoding="gbk")).text == "粤B12345"
    assert read_from("huaxia", huaxia(kind="offline")).late


def test_a_repeat_has_the_same_key_and_another_read_another() -> None:
    keys = [read_from("vz", vz(number=number)).key for number in (7, 7, 8)]
    assert keys[0] == keys[1] != keys[2]
    assert read_from("vz", vz("京A12345", 0)).key != read_from("vz", vz("京A12346", 0)).key


def test_a_number_beyond_all_bounds_is_no_time_and_no_confidence() -> None:
    wild = 10**400
    got = read_from("vz", vz(confidence=wild, timeStamp={"Timeval": {"sec": wild, "usec": -wild}}))
    assert (got.share, got.at) == (0.0, None)
    assert MAKES["vz"](vz(number=wild))[1].body.endswith(b'"plateid":0}}')


@pytest.mark.parametrize("wild", ["京", "a", "", 7, None, {}])
def test_a_picture_that_is_none_costs_no_read(wild: object) -> None:
    assert read_from("vz", vz(imageFile=wild)).jpeg is None


# How a read votes


def unit(gate: float = 0.9, weight: float = 1.0, looks: int = 1) -> Unit:
    return Unit(
        name="unit-in1",
        lane="in1",
        make="vz",
        serial="VZ-1",
        address="10.0.0.5",
        gate=gate,
        weight=weight,
        looks=looks,
    )


def read(text: str = "京A12345", share: float = 0.97, at_s: float = 0.0, *, late: bool = False) -> Read:
    at = START + timedelta(seconds=at_s)
    return Read("VZ-1", text, share, PlateColour.BLUE, f"{text} {at_s}", at, late=late)


def told(came: Sequence[tuple[Read, float]], since_s: float = 0.0, edge_s: float = 10.0) -> list[tuple[str, bool]]:
    """Let reads come, each at its second, and give those that are about the car of an edge, and whether early."""
    of, reads = unit(), PushedReads([unit()])
    for one, came_s in came:
        reads.add(of, one, START + timedelta(seconds=came_s), came_s, None)
    about = reads.about(IN, Direction.ENTRY, since_s, edge_s, GATE)
    return [(one.ballot.text, one.ballot.early) for one in about]


def test_a_read_from_before_the_loop_is_a_hint_for_five_seconds() -> None:
    came = [(read("京A11111", at_s=4), 4.0), (read("京A22222", at_s=6), 6.0), (read("京A33333", at_s=11), 11.0)]
    assert told(came) == [("京A22222", True), ("京A33333", False)]


def test_nothing_from_the_time_of_the_car_before_is_a_hint() -> None:
    came = [(read("京A22222", at_s=6), 6.0), (read("京A33333", at_s=9), 9.0)]
    assert told(came, since_s=8.0) == [("京A33333", True)]


def test_a_read_that_comes_late_counts_from_when_it_was_made_whatever_the_units_clock_says() -> None:
    """The unit's clock is an hour wrong; its reads come 0.2 s after they are made, and one took four seconds more."""
    hour = 3600.0
    came = [(read("京A11111", at_s=1 + hour), 1.2), (read("京A22222", at_s=7.1 + hour), 11.2)]
    assert told(came) == [("京A22222", True)]


def test_what_a_unit_sends_again_after_we_were_away_is_not_the_plate_of_who_stands_there_now() -> None:
    """Nothing is known of the unit's clock yet: it has waited for us with the plates of cars that have gone."""
    waited = [
        (read("京A11111", at_s=-60), 11.0),
        (read("京A11111", at_s=-59.8), 11.1),
        (read("京A22222", at_s=-9), 11.2),
    ]
    assert told([*waited, (read("京A33333", at_s=11.1), 11.3)]) == [("京A33333", False)]


def test_a_clock_that_is_slow_is_known_after_two_reads_some_time_apart() -> None:
    slow = [(read("京A11111", at_s=-90), 10.2), (read("京A22222", at_s=-84), 16.3), (read("京A33333", at_s=-80), 20.2)]
    assert told(slow) == [("京A22222", False), ("京A33333", False)]


def test_a_plate_that_was_paper_once_is_not_cured_by_a_surer_look() -> None:
    reads, of = PushedReads([unit()]), unit()
    for one, came_s in ((replace(read(share=0.91, at_s=11), fake=True), 11.0), (read(share=0.99, at_s=12), 12.0)):
        reads.add(of, one, START + timedelta(seconds=came_s), came_s, None)
    (best,) = reads.about(IN, Direction.ENTRY, 0.0, 10.0, GATE)
    assert best.fake
    assert best.ballot.surety == pytest.approx(on_our_scale(0.99, 0.9, GATE))


def test_a_unit_says_a_plate_once_however_often_it_reads_it() -> None:
    again = [(read(share=share, at_s=at_s), at_s) for share, at_s in ((0.99, 7.0), (0.91, 11.0), (0.95, 12.0))]
    assert told(again) == [("京A12345", False)]
    reads, of = PushedReads([unit()]), unit()
    for one, came_s in again:
        reads.add(of, one, START + timedelta(seconds=came_s), came_s, None)
    (best,) = reads.about(IN, Direction.ENTRY, 0.0, 10.0, GATE)
    assert best.ballot.surety == pytest.approx(on_our_scale(0.95, 0.9, GATE))


def test_late_and_impossible_reads_do_not_vote() -> None:
    assert told([(read(at_s=11, late=True), 11.0), (read("12345", at_s=11), 11.0), (read("京A1", at_s=11), 11.0)]) == []


def test_a_read_is_on_the_lanes_scale_where_the_gates_meet() -> None:
    assert on_our_scale(0.9, 0.9, GATE) == pytest.approx(GATE)
    assert on_our_scale(0.45, 0.9, GATE) == pytest.approx(GATE / 2)
    assert on_our_scale(1.0, 0.9, GATE) == 1.0
    assert on_our_scale(1.0, 1.0, GATE) == 1.0
    assert on_our_scale(0.0, 0.9, GATE) == 0.0


def test_a_read_weighs_what_its_unit_is_worth() -> None:
    of = unit(weight=2.0, looks=2)
    reads = PushedReads([of])
    reads.add(of, read(share=0.95, at_s=11), START + timedelta(seconds=11), 11.0, None)
    (one,) = reads.about(IN, Direction.EXIT, 0.0, 10.0, GATE)
    assert (one.ballot.weight, one.ballot.looks, one.ballot.kind) == (1.9, 2, PlateKind.ORDINARY)
    assert one.ballot.surety == pytest.approx(0.9)
    assert reads.about(LaneName("out1"), Direction.EXIT, 0.0, 10.0, GATE) == []


def test_a_repeat_is_known_until_it_is_forgotten() -> None:
    of = unit()
    reads = PushedReads([of])
    assert [reads.is_repeat(of, "7") for _ in range(2)] == [False, True]
    reads.forget(of, "7")
    assert not reads.is_repeat(of, "7")


def test_only_so_many_keys_are_kept() -> None:
    of = unit()
    reads = PushedReads([of])
    for number in range(20_000):
        assert not reads.is_repeat(of, str(number))
    assert reads.is_repeat(of, "19999")
    assert not reads.is_repeat(of, "0")
