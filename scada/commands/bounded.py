"""What a process that the plant starts beside itself may take: less than the plant, and no longer than it lives."""

import ctypes
import os
import resource
import signal
from typing import Final

_NICER: Final = 10
_MEMORY_BYTES: Final = 2 << 30
_PR_SET_PDEATHSIG: Final = 1


def bound(file_bytes: int) -> None:
    """Give way to all others, take no more than such a process may, write no larger file, and end with the plant."""
    os.nice(_NICER)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
