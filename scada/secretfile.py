"""Secrets in files: read only where nobody but the owner can, and known to the log, which never shows them."""

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from scada.hushed import keep_secret

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
KEY_BYTES: Final = 32
CREDENTIAL: Final = "credential:"
"""Before the name of a secret that systemd gives to the service, instead of a file below the data folder."""


def read_secret(path: Path) -> str:
    """Give the secret in a file. Raises OSError or UnicodeDecodeError; a file that others can read is refused."""
    with path.open(encoding="utf-8") as file:
        if is_open_to_others(path, os.fstat(file.fileno()).st_mode):
            raise PermissionError(errno.EACCES, f"others than its owner can read it: chmod 600 {path}", str(path))
        text = file.read().strip()
    keep_secret(text)
    return text


def credential(name: str) -> Path:
    """Say where systemd has put a credential of this service (LoadCredential=); without one nothing is there."""
    return Path(os.environ.get("CREDENTIALS_DIRECTORY") or "/run/credentials/daozha.service") / Path(name).name


def is_open_to_others(path: Path, mode: int) -> bool:
    """Say whether a secret's file can be read by others. On a credential systemd's ACL shows as the group's right."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    is_credential = bool(folder) and path.parent == Path(str(folder))
    return bool(mode & (stat.S_IRWXO | stat.S_IWGRP if is_credential else OTHERS))


def own_key(path: Path) -> bytes:
    """Give a key that this site made for itself, at the first asking. Raises OSError if others can read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(read_secret(path))
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES))
    return bytes.fromhex(read_secret(path))


def known_key(path: Path) -> bytes | None:
    """Give such a key if it is there and may be read."""
    try:
        return bytes.fromhex(read_secret(path))
    except (OSError, ValueError):
        return None
