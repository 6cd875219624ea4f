"""A Modbus TCP server by pyModbusTCP: `pymodbustcp_server.py PORT`; says READY when it listens.

Its contents are those of `libmodbus_server.c`; beyond their end it answers zeros.
"""

import sys
import threading

from pyModbusTCP.server import DataBank, ModbusServer


def main() -> None:
    """Serve until killed."""
    bank = DataBank()
    bank.set_coils(0, [n % 3 == 0 for n in range(2000)])
    bank.set_discrete_inputs(0, [n % 5 == 0 for n in range(2000)])
    bank.set_holding_registers(0, [0x4100 + n for n in range(10000)])
    bank.set_input_registers(0, [0x4200 + n for n in range(10000)])
    server = ModbusServer(host="127.0.0.1", port=int(sys.argv[1]), no_block=True, data_bank=bank)
    server.start()
    print("READY", flush=True)  # noqa: T201
    threading.Event().wait()


if __name__ == "__main__":
    main()
