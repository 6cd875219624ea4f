"""A Modbus TCP server by pymodbus: `pymodbus_server.py PORT`; says READY when it listens.

Its contents are those of `libmodbus_server.c`; beyond their end it answers exception 2, for another unit exception 4.
"""

import asyncio
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def main() -> None:
    """Serve until killed."""
    memory = (
        SimData(0, values=[n % 3 == 0 for n in range(2000)], datatype=DataType.BITS),
        SimData(0, values=[n % 5 == 0 for n in range(2000)], datatype=DataType.BITS),
        SimData(0, values=[0x4100 + n for n in range(10000)], datatype=DataType.REGISTERS),
        SimData(0, values=[0x4200 + n for n in range(10000)], datatype=DataType.REGISTERS),
    )
    device = SimDevice(1, simdata=tuple([one] for one in memory))  # type: ignore[arg-type]
    server = ModbusTcpServer(device, address=("127.0.0.1", int(sys.argv[1])))
    await server.serve_forever(background=True)
    print("READY", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
