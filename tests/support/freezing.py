"""Let a process of one's own stand still, and know that it does."""

import os
import signal


def freeze(process: int) -> None:
    """Stop a child, and come back when every thread of it stands: on a busy computer the signal alone is not enough."""
    os.kill(process, signal.SIGSTOP)
    os.waitid(os.P_PID, process, os.WSTOPPED | os.WNOWAIT)


def thaw(process: int) -> None:
    """Let it go on."""
    os.kill(process, signal.SIGCONT)
