"""What our Modbus server answers: two functions read, everything else is refused."""

import struct
from datetime import UTC, datetime

import pytest

from plc.registers import Kind
from plc.serve.modbus import Memory
from plc.serve.picture import Picture
from plc.serve.table import Entry, number_of
from scada.clock import VirtualClock
from scada.model.tag import Quality, TagName

UP, FREE = TagName("in1.gate.up"), TagName("zone.lot.free")
ENTRIES = [Entry(UP, Kind.BOOL, 0, 2), Entry(FREE, Kind.I32, 4, 3)]
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def memory(*rows: tuple[str, object, int, float | None]) -> Memory:
    picture = Picture()
    if rows:
        picture.take([list(row) for row in rows])
    return Memory(ENTRIES, picture, VirtualClock(START))


def ask(function: int, start: int, count: int) -> bytes:
    return struct.pack(">BHH", function, start, count)


def registers(answer: bytes) -> tuple[int, ...]:
    assert answer[0] == 4
    return struct.unpack(f">{answer[1] // 2}H", answer[2:])


def test_a_block_brings_the_maps_number_the_heartbeat_and_all_values() -> None:
    answered = memory((UP, True, 0, 0.0), (FREE, 70000, 0, 0.0)).answer(ask(4, 0, 6))
    number, beat, *rest = registers(answered)
    assert number == number_of(ENTRIES)
    assert beat > 0
    assert rest == [0, 0, 1, 4464]


def test_a_bool_stands_beside_the_bit_that_says_whether_it_is_known() -> None:
    assert memory((UP, True, 0, 0.0)).answer(ask(2, 0, 2)) == bytes((2, 1, 0b11))
    assert memory((UP, False, 0, 0.0)).answer(ask(2, 0, 2)) == bytes((2, 1, 0b10))
    assert memory((UP, True, Quality.STALE.status_code, 0.0)).answer(ask(2, 0, 2)) == bytes((2, 1, 0b01))
    assert memory((UP, True, Quality.COMMUNICATION.status_code, 0.0)).answer(ask(2, 0, 2)) == bytes((2, 1, 0))
    assert registers(memory((UP, True, Quality.COMMUNICATION.status_code, 0.0)).answer(ask(4, 2, 1))) == (0x8005,)


def test_without_the_plant_the_heartbeat_is_0_and_nothing_is_good() -> None:
    assert registers(memory().answer(ask(4, 1, 5))) == (0, 0x808A, 0x808A, 0x8000, 0)
    picture = Picture()
    picture.take([[FREE, 12, 0, 0.0]])
    picture.lose()
    assert registers(Memory(ENTRIES, picture, VirtualClock(START)).answer(ask(4, 1, 5)))[2:] == (0x808A, 0x8000, 0)


@pytest.mark.parametrize("function", [1, 3, 5, 6, 7, 8, 15, 16, 22, 23, 43, 0, 200])
def test_every_function_but_the_two_is_illegal(function: int) -> None:
    assert memory().answer(ask(function, 0, 1)) == bytes((function & 0x7F | 0x80, 1))


@pytest.mark.parametrize("request_", [ask(4, 0, 7), ask(4, 6, 1), ask(2, 0, 3), ask(2, 65535, 2)])
def test_what_is_in_no_row_is_an_illegal_address(request_: bytes) -> None:
    assert memory().answer(request_) == bytes((request_[0] | 0x80, 2))


@pytest.mark.parametrize(
    "request_", [ask(4, 0, 0), ask(4, 0, 126), ask(2, 0, 2001), b"\x04\x00", b"\x04", ask(4, 0, 1) + b"x"]
)
def test_an_impossible_count_is_an_illegal_value(request_: bytes) -> None:
    assert memory().answer(request_) == bytes((request_[0] | 0x80, 3))
