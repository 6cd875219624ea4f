"""A Unix socket that only this user can reach."""

import os
import socket
import stat
import struct
from asyncio import StreamWriter
from pathlib import Path

MAX_PATH_BYTES = 107
"""What Linux takes as the name of a Unix socket."""
BACKLOG = 16


class SocketError(Exception):
    """The socket cannot be offered here; the message says why."""


def bind(path: Path) -> socket.socket:
    """Listen at a path, mode 0600; a dead plant's file is removed. Blocks shortly. Raises SocketError."""
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise SocketError(f"{path}: {MAX_PATH_BYTES} bytes are the most; choose a shorter data folder")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise SocketError(f"bind {path}: {error.strerror}") from error
    finally:
        os.umask(mask)
    listener.listen(BACKLOG)
    return listener


def remove(path: Path) -> None:
    """Take the socket's file away."""
    path.unlink(missing_ok=True)


def peer_uid(writer: StreamWriter) -> int:
    """Give the user at the other end, as the kernel knows it."""
    credentials = writer.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
    )
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return int(uid)


def _remove_dead(path: Path) -> None:
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise SocketError(f"{path} is there and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise SocketError(f"{path}: another plant listens there")
    path.unlink()
