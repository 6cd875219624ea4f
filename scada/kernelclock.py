"""What the kernel knows of its own clock: `ntp_adjtime` with nothing to change, which anybody may ask on Linux."""

import ctypes
import sys
from typing import ClassVar, Final

from scada.model.serverstate import KernelClock

_UNSYNCHRONISED: Final = 0x0040
_NANOSECONDS: Final = 0x2000
_FAILED: Final = -1


class _Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>; what follows `status` is only room here."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_long * 40),
    ]


def kernel_clock() -> KernelClock | None:
    """Ask the kernel; None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    told = _Timex()
    try:
        state = ctypes.CDLL(None).ntp_adjtime(ctypes.byref(told))
    except (OSError, AttributeError):
        return None
    if state == _FAILED:
        return None
    offset_us = told.offset / 1000 if told.status & _NANOSECONDS else float(told.offset)
    return KernelClock(not told.status & _UNSYNCHRONISED, offset_us, float(told.maxerror))
