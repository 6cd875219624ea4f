"""A small disk of its own for a test: a file system in memory, mounted for real, that the test fills and clears."""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest


class SmallDisk:
    """A folder on a disk of so many megabytes. Mounting needs root; where it is refused the test fails."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._size = f"size={megabytes}m"
        self._filler = folder / "filler"

    def __enter__(self) -> Self:
        done = subprocess.run(
            ("mount", "-t", "tmpfs", "-o", self._size, "tmpfs", str(self.folder)), capture_output=True, text=True
        )
        if done.returncode:
            pytest.fail(f"a full disk is mounted, which needs root: {done.stderr.strip()}", pytrace=False)
        return self

    def __exit__(self, *failure: object) -> None:
        subprocess.run(("umount", "--lazy", str(self.folder)), check=True)

    def fill(self) -> None:
        """Let somebody else take all that is free."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def clear(self) -> None:
        """Give room again."""
        self._filler.unlink()
