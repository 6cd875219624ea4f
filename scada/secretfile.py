"""Secrets in files: read only where nobody but the owner can, and known to the log, which never shows them."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from scada.log import keep_secret

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_secret(path: Path) -> str:
    """Give the secret in a file. Raises OSError or UnicodeDecodeError; a file that others can read is refused."""
    with path.open(encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & OTHERS:
            raise PermissionError(errno.EACCES, f"others than its owner can read it: chmod 600 {path}", str(path))
        text = file.read().strip()
    keep_secret(text)
    return text
