"""A disk that runs full when a test says so, for one process: its writes below one folder fail as on a full disk."""

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

ROOM = 10**9


@cache
def _library() -> Path:
    """Build what stands between a process and the disk."""
    made = Path(mkdtemp(prefix="diskfull-")) / "full.so"
    source = Path(__file__).parent / "full.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"], check=True)
    return made


class Disk:
    """A folder on a disk of its own, as a process sees it that was started with `environment`."""

    def __init__(self, folder: Path, name: str = "disk") -> None:
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        self._quota = folder / "quota"
        self.clear()

    @property
    def environment(self) -> Mapping[str, str]:
        """Give what a process on this disk is started with."""
        own = {"LD_PRELOAD": str(_library()), "FULL_FOLDER": str(self.folder), "FULL_QUOTA": str(self._quota)}
        return {**os.environ, **own}

    @property
    def used(self) -> int:
        """Give how many bytes the files take that lie in the folder itself."""
        return sum(one.stat().st_size for one in self.folder.iterdir() if one.is_file())

    def fill(self) -> None:
        """Let others take all that is free."""
        self._write(self.used)

    def clear(self) -> None:
        """Give room again."""
        self._write(ROOM)

    def _write(self, quota: int) -> None:
        fresh = self._quota.with_suffix(".new")
        fresh.write_text(str(quota))
        fresh.replace(self._quota)
