"""The limit of a control room, `python -m tests.bench.bare PORT`: a loop that broadcasts and imports little else."""

import asyncio
import sys
import time
from datetime import UTC, datetime

import orjson
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

CHANGES = 50
"""Tags that change in each batch."""
BATCH_S = 0.1
CHANGING = [f"in1.analog.channel_{number:02d}" for number in range(CHANGES)]


def bare_batch(number: int) -> bytes:
    """Write what a batch of 50 changes holds, with nothing behind it."""
    at = datetime.now(UTC).isoformat()
    changes = [(name, number + index / 100, 0, at) for index, name in enumerate(CHANGING)]
    return orjson.dumps({"tell": {"seq": number, "at": at, "changes": changes}})


def serve(port: int) -> None:
    """Be the limit of a control room: a loop that writes each batch to every WebSocket, and knows nothing else."""
    screens: dict[asyncio.StreamWriter, WSConnection] = {}

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = WSConnection(ConnectionType.SERVER)
        wire.receive_data(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"".join(wire.send(AcceptConnection()) for event in wire.events() if isinstance(event, Request)))
        screens[writer] = wire
        try:
            while await reader.read(4096):
                continue
        except ConnectionError:
            writer.transport.abort()
        finally:
            del screens[writer]
            writer.close()

    async def broadcast() -> None:
        await asyncio.start_server(take, "127.0.0.1", port)
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        number = 0
        while True:
            number += 1
            batch = orjson.loads(bare_batch(number))["tell"]
            text = orjson.dumps({**batch, "s": time.monotonic()}).decode()
            for writer, wire in screens.items():
                writer.write(wire.send(TextMessage(text)))
            await asyncio.sleep(BATCH_S - time.monotonic() % BATCH_S)

    asyncio.run(broadcast())


if __name__ == "__main__":
    serve(int(sys.argv[1]))
