"""An S7 by python-snap7's own server: `s7_server.py PORT`; says READY when it listens.

DB1 has 400 bytes, M, I and Q 64 each; all are 0. The last four bytes of M count the writes that came.
"""

import struct
import sys
import threading
from typing import Any

from snap7.datatypes import S7Area, S7WordLen
from snap7.server import Server
from snap7.type import SrvArea

SIZES = {(SrvArea.DB, 1): 400, (SrvArea.MK, 0): 64, (SrvArea.PE, 0): 64, (SrvArea.PA, 0): 64}


class BitServer(Server):
    """python-snap7's server, which forgets the number of the bit that is written, with that mended."""

    def __init__(self) -> None:
        super().__init__(log=False)
        self._bit = 0

    def _parse_address_specification(self, addr_spec: bytes) -> dict[str, Any]:
        self._bit = addr_spec[-1] % 8
        return super()._parse_address_specification(addr_spec)

    def _parse_write_address(self, request: dict[str, Any]) -> tuple[S7Area, int, int, int, bytearray] | None:
        found = super()._parse_write_address(request)
        if found is None or request["parameters"]["address_spec"]["word_len"] != S7WordLen.BIT:
            return found
        area, db, start, count, content = found
        old, mask = self.memory_areas[(area, db)][start], 1 << self._bit
        return area, db, start, count, bytearray([old | mask if content[0] else old & ~mask])

    def _write_to_memory_area(self, area: S7Area, db_number: int, start: int, write_data: bytearray) -> bool:
        counter = self.memory_areas[(S7Area.MK, 0)]
        counter[60:64] = struct.pack(">I", struct.unpack(">I", counter[60:64])[0] + 1)
        return super()._write_to_memory_area(area, db_number, start, write_data)


def main() -> None:
    """Serve until killed."""
    server = BitServer()
    for (area, number), size in SIZES.items():
        server.register_area(area, number, bytearray(size))
    server.start_to("127.0.0.1", int(sys.argv[1]))
    print("READY", flush=True)  # noqa: T201
    threading.Event().wait()


if __name__ == "__main__":
    main()
