"""Two ends of a serial line without hardware: a pair of pseudo terminals, each with a path, and what joins them."""

import asyncio
import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serial_pair(lost: bytes = b"") -> Iterator[tuple[str, str]]:
    """Give the paths of two serial ports that hear each other, for as long as the running loop carries the bytes.

    What begins with a byte of `lost` gets lost.
    """
    loop = asyncio.get_running_loop()
    ends = [os.openpty() for _ in range(2)]
    try:
        for (here, port), (there, _) in (ends, ends[::-1]):
            tty.setraw(port)
            os.set_blocking(here, False)
            loop.add_reader(here, _carry, here, there, lost)
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        for here, port in ends:
            loop.remove_reader(here)
            os.close(here)
            os.close(port)


def _carry(here: int, there: int, lost: bytes) -> None:
    data = os.read(here, 4096)
    if data[0] not in lost:
        os.write(there, data)
