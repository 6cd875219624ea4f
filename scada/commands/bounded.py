"""What a process that the plant starts beside itself may take: less than the plant, and no longer than it lives."""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scada.config import ConfigError
from scada.store.db import StoreError

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


def answer(make: Callable[[], Mapping[str, object]], too_large: str, *refusals: type[Exception]) -> None:
    """Tell the plant what was made, or in words why nothing was; `too_large` is said where the memory does not do."""
    told: Mapping[str, object]
    in_words: tuple[type[Exception], ...] = (ConfigError, StoreError, *refusals)
    try:
        told = make()
    except in_words as error:
        told = {"error": str(error)}
    except SQLAlchemyError as error:
        told = {"error": f"the books cannot be read: {type(error).__name__}"}
    except MemoryError:
        told = {"error": too_large}
    except OSError as error:
        told = {"error": f"the file cannot be written: {error.strerror}"}
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
