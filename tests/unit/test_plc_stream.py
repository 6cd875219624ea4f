"""A Modbus stream whose answers come at the wrong moment."""

import asyncio
import contextlib

from plc.map.addresses import Area
from plc.modbus.framing import Mbap
from plc.modbus.stream import Stream
from plc.modbus.wire import read

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
