"""Words become values and back, in every order that sites have."""

import pytest

from plc.plan import Scaling
from plc.registers import (
    CodingError,
    Kind,
    Order,
    command_words,
    encode,
    payload,
    straight,
    text_of,
    text_order,
    words_of,
)
from scada.model.handshake import CommandBlock, CommandCode
from scada.model.tag import Quality

NUMBER = 0x12345678


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        (Order.ABCD, (0x1234, 0x5678)),
        (Order.CDAB, (0x5678, 0x1234)),
        (Order.BADC, (0x3412, 0x7856)),
        (Order.DCBA, (0x7856, 0x3412)),
    ],
)
def test_a_number_of_two_words_lies_as_its_order_says(order: Order, registers: tuple[int, ...]) -> None:
    assert encode(NUMBER, Kind.U32, order) == registers
    assert int.from_bytes(straight(payload(registers), order), "big") == NUMBER


@pytest.mark.parametrize("order", list(Order))
def test_four_words_follow_the_same_rule(order: Order) -> None:
    raw = payload(encode(0x0102030405060708, Kind.U64, order))
    assert straight(raw, order) == bytes(range(1, 9))
    assert straight(straight(raw, order), order) == raw


def test_a_value_that_does_not_fit_is_refused_in_words() -> None:
    with pytest.raises(CodingError, match="70000 does not fit u16"):
        encode(70000, Kind.U16, Order.ABCD)
    with pytest.raises(CodingError, match="longer than 2 registers"):
        encode("gate one", Kind.STRING, Order.ABCD, 2)
    with pytest.raises(CodingError, match="cannot be written as u16"):
        encode("1", Kind.U16, Order.ABCD)


@pytest.mark.parametrize("order", [Order.ABCD, Order.BADC])
def test_a_text_ends_at_its_first_zero(order: Order) -> None:
    registers = encode("闸1", Kind.STRING, order, 4)
    assert len(registers) == words_of(Kind.STRING, 4)
    assert text_of(straight(payload(registers), text_order(order))) == "闸1"


def test_a_command_block_has_its_nine_words_in_the_order_of_the_ladder() -> None:
    block = CommandBlock(0x1111, CommandCode.OPEN, 0x00020003, 2000, 40000, 0x00050006)
    words = command_words(block)
    assert words == (0x1111, 1, 2, 3, 2000, 40000, block.check, 5, 6)


def test_a_value_outside_its_range_is_not_good_and_keeps_its_number() -> None:
    scaling = Scaling(scale=0.01, lo=0.0, hi=6.0)
    value, quality = scaling.value(185)
    assert value == pytest.approx(1.85)
    assert quality is Quality.GOOD
    assert scaling.value(700)[1] is Quality.OUT_OF_RANGE
    assert Scaling(scale=10, offset=5).raw(105) == 10
