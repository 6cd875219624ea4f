"""The lock of a data folder: one plant holds it for as long as it runs, and nobody has to take it away after a kill."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = Path("run") / "plant.lock"


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the lock of a data folder. Raises BlockingIOError while another process has it."""
    path = data / NAME
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def is_held(data: Path) -> bool:
    """Say whether another process holds the lock of a data folder."""
    try:
        descriptor = os.open(data / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        _take(descriptor, data)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, data: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BlockingIOError(errno.EAGAIN, "another plant runs here", str(data)) from error
