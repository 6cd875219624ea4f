"""Let a process of one's own stand still, and know that it does."""

import os
import signal
from pathlib import Path


def freeze(process: int) -> None:
    """Stop a child, and come back when every thread of it stands: on a busy computer the signal alone is not enough."""
    os.kill(process, signal.SIGSTOP)
    os.waitid(os.P_PID, process, os.WSTOPPED | os.WNOWAIT)


def thaw(process: int) -> None:
    """Let it go on."""
    os.kill(process, signal.SIGCONT)


def stands(process: int) -> bool:
    """Say whether every thread of a process stands still, whosever child it is; one that has just ended does not."""
    try:
        states = [one.read_text().rpartition(")")[2].split()[0] for one in Path(f"/proc/{process}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return bool(states) and set(states) == {"T"}
