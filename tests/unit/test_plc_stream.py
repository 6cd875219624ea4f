"""A Modbus stream whose answers come at the wrong moment."""

import asyncio
import contextlib

import pytest

from plc.map.addresses import Area
from plc.modbus.framing import Mbap
from plc.modbus.stream import Stream
from plc.modbus.wire import read
from scada.ports import PlcError
from tests.support.engine import virtually

ANSWER = bytes.fromhex("0000 0005 01 03 02 1234")
"""One register, without the number of the request."""


class Deaf(asyncio.Transport):
    """A transport that only remembers what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True


async def test_an_answer_in_the_moment_its_request_is_given_up_ends_the_stream_quietly() -> None:
    lost: list[str] = []
    stream, transport = Stream(Mbap(), "plc1", lost.append), Deaf()
    stream.connection_made(transport)
    asking = asyncio.create_task(stream.ask(1, read(Area.HOLDING, 0, 1), 5.0))
    await asyncio.sleep(0)
    asking.cancel()
    stream.data_received(transport.sent[0][:2] + ANSWER)
    with contextlib.suppress(asyncio.CancelledError):
        await asking
    assert transport.aborted
    assert lost == ["an answer came for a request that was given up"]


async def test_the_late_answer_of_a_connection_is_no_answer_on_the_next_one() -> None:
    numbers = set[bytes]()
    for _ in range(20):
        stream, transport = Stream(Mbap(), "plc1", lambda why: None), Deaf()
        stream.connection_made(transport)
        asking = asyncio.create_task(stream.ask(1, read(Area.HOLDING, 0, 1), 5.0))
        await asyncio.sleep(0)
        numbers.add(transport.sent[0][:2])
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert len(numbers) > 10


async def told(stream: Stream, within_s: float) -> tuple[float, str]:
    """Ask, and say when and why no answer came."""
    loop = asyncio.get_running_loop()
    with pytest.raises(PlcError) as refused:
        await stream.ask(1, read(Area.HOLDING, 0, 1), within_s)
    return loop.time(), str(refused.value)


def test_a_deadline_is_kept_whatever_was_asked_and_answered_before_it() -> None:
    async def story() -> None:
        stream, transport = Stream(Mbap(), "plc1", lambda why: None), Deaf()
        stream.connection_made(transport)
        loop, request = asyncio.get_running_loop(), read(Area.HOLDING, 0, 1)
        for number in range(5):
            asking = asyncio.create_task(stream.ask(1, request, 2.0))
            await asyncio.sleep(0.3)
            stream.data_received(transport.sent[number][:2] + ANSWER)
            assert await asking == b"\x12\x34"
        await asyncio.sleep(10)
        began_s = loop.time()
        patient = asyncio.create_task(told(stream, 5.0))
        await asyncio.sleep(1.5)
        at_s, why = await told(stream, 2.0)
        assert at_s - began_s == pytest.approx(3.5, abs=0.002)
        assert why == "read 1 from HR0 of plc1: no answer within 2 s"
        assert await patient == (at_s, why)

    virtually(story())
