"""Modbus on the wire: what requests look like, which answers are theirs, and how a stream is parted into answers."""

import pytest

from plc.map.addresses import Area
from plc.modbus import wire
from plc.modbus.framing import Framing, Mbap, Rtu, checksum
from plc.modbus.wire import Malformed, Refused, Request

READ = wire.read(Area.HOLDING, 16, 2)


@pytest.mark.parametrize(
    ("request_", "pdu", "answer", "carries"),
    [
        (wire.read(Area.COIL, 3, 9), "01 0003 0009", "01 02 ff01", "ff01"),
        (wire.read(Area.DISCRETE, 0, 8), "02 0000 0008", "02 01 80", "80"),
        (READ, "03 0010 0002", "03 04 0001 0002", "0001 0002"),
        (wire.read(Area.INPUT, 1, 1), "04 0001 0001", "04 02 abcd", "abcd"),
        (wire.write(Area.COIL, 2, [1]), "05 0002 ff00", "05 0002 ff00", ""),
        (wire.write(Area.COIL, 2, [0]), "05 0002 0000", "05 0002 0000", ""),
        (wire.write(Area.HOLDING, 7, [258]), "06 0007 0102", "06 0007 0102", ""),
        (wire.write(Area.COIL, 2, [1], single=False), "0f 0002 0001 01 01", "0f 0002 0001", ""),
        (wire.write(Area.COIL, 0, [1, 0, 1, 1, 0, 0, 0, 0, 1]), "0f 0000 0009 02 0d01", "0f 0000 0009", ""),
        (wire.write(Area.HOLDING, 7, [1, 2]), "10 0007 0002 04 0001 0002", "10 0007 0002", ""),
        (wire.write_masked(4, 0x0100, 0xFFFF), "16 0004 feff 0100", "16 0004 feff 0100", ""),
    ],
)
def test_each_function_asks_as_the_norm_says_and_knows_its_answer(
    request_: Request, pdu: str, answer: str, carries: str
) -> None:
    assert request_.pdu == bytes.fromhex(pdu)
    assert request_.payload(bytes.fromhex(answer)) == bytes.fromhex(carries)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "function none"),
        ("04 04 0001 0002", "function 4"),
        ("03 02 0001", "4 bytes came, not 6"),
        ("03 06 0001 0002 0003", "8 bytes came"),
        ("03 03 0001 0002", "answered for 03"),
        ("83", "function 131"),
        ("84 02", "function 132"),
    ],
)
def test_an_answer_to_something_else_is_no_answer(answer: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        READ.payload(bytes.fromhex(answer))


def test_an_answer_about_another_place_confirms_no_write() -> None:
    with pytest.raises(Malformed, match="answered for 00080002"):
        wire.write(Area.HOLDING, 7, [1, 2]).payload(bytes.fromhex("10 0008 0002"))


def test_an_exception_is_an_answer_with_its_code() -> None:
    with pytest.raises(Refused) as refused:
        READ.payload(bytes.fromhex("83 02"))
    assert refused.value.code == wire.ExceptionCode.ILLEGAL_ADDRESS


@pytest.mark.parametrize(
    ("area", "values"), [(Area.HOLDING, [0] * 124), (Area.COIL, [0] * 1969), (Area.INPUT, [1]), (Area.HOLDING, [])]
)
def test_what_no_device_may_take_is_not_sent(area: Area, values: list[int]) -> None:
    with pytest.raises(ValueError, match="it takes 1 to"):
        wire.write(area, 0, values)


def test_the_checksum_is_that_of_the_norm() -> None:
    assert checksum(bytes.fromhex("02 07")) == bytes.fromhex("41 12")


@pytest.mark.parametrize("framing", [Mbap(), Rtu()])
def test_answers_come_out_of_a_stream_wherever_it_is_cut(framing: Framing) -> None:
    pdus = [READ.pdu[:1] + b"\4\0\1\0\2", b"\x83\2", bytes.fromhex("06 0007 0102"), bytes.fromhex("16 0004 feff 0100")]
    whole = b"".join(framing.wrap(number, 9, pdu) for number, pdu in enumerate(pdus))
    for cut in range(len(whole)):
        data, found = whole[:cut], []
        for more in (whole[cut:], b""):
            while frame := framing.first(data):
                found.append(frame)
                data = data[frame.size :]
            data += more
        assert [frame.pdu for frame in found] == pdus
        assert {frame.unit for frame in found} == {9}
        assert [frame.number for frame in found] == ([0, 1, 2, 3] if framing.is_numbered else [0] * 4)


@pytest.mark.parametrize(
    ("framing", "data", "why"),
    [
        (Mbap(), "0001 0001 0003 01 83 02", "no Modbus head"),
        (Mbap(), "0001 0000 0001 01 83 02", "no Modbus head"),
        (Mbap(), "0001 0000 00ff 01 83 02", "no Modbus head"),
        (Rtu(), "01 83 02 0000", "checksum"),
        (Rtu(), "01 2b 02 0000", "function 43"),
    ],
)
def test_what_is_no_frame_is_said_to_be_none(framing: Framing, data: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        framing.first(bytes.fromhex(data))
