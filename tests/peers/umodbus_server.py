"""A Modbus TCP server by uModbus: `umodbus_server.py PORT`; says READY when it listens.

Its contents are those of `libmodbus_server.c`; beyond their end, and for another unit than 1, it answers exception 2.
"""

import sys
from socketserver import ThreadingTCPServer

from umodbus.server.tcp import RequestHandler, get_server


def main() -> None:
    """Serve until killed."""
    ThreadingTCPServer.daemon_threads = ThreadingTCPServer.allow_reuse_address = True
    server = get_server(ThreadingTCPServer, ("127.0.0.1", int(sys.argv[1])), RequestHandler)
    memory = {
        1: {n: int(n % 3 == 0) for n in range(2000)},
        2: {n: int(n % 5 == 0) for n in range(2000)},
        3: {n: 0x4100 + n for n in range(10000)},
        4: {n: 0x4200 + n for n in range(10000)},
    }
    written = {5: 1, 15: 1, 6: 3, 16: 3}

    def read(slave_id: int, function_code: int, address: int) -> int:
        return memory[function_code][address]

    def write(slave_id: int, function_code: int, address: int, value: int) -> None:
        memory[written[function_code]][address] = value

    for functions, size in (([1, 2], 2000), ([3, 4], 10000)):
        server.route([1], functions, range(size))(read)
    for functions, size in (([5, 15], 2000), ([6, 16], 10000)):
        server.route([1], functions, range(size))(write)
    print("READY", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
