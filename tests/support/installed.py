"""A site that runs on one of the versions side by side, as docs/install sets it up."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import wheel
from tests.support.store import rows_of

LATER = "op.execute('CREATE TABLE later (x INTEGER)')"
SYSTEMCTL = """#!/bin/sh
# Starts and stops the unit as systemd would.
cd {folder}
case $1 in
  start) setsid {root}/current/bin/daozha run --config {config} --with-sim >> site.log 2>&1 & echo $! > pid ;;
  stop) kill -TERM $(cat pid) 2>/dev/null; while kill -0 $(cat pid) 2>/dev/null; do sleep 0.1; done ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A site that runs on one of the versions side by side."""

    folder: Path
    port: int

    @property
    def root(self) -> Path:
        return self.folder / "opt"

    @property
    def config(self) -> Path:
        return self.folder / "s" / "config.toml"

    @property
    def door(self) -> wheel.Door:
        return wheel.Door(f"http://127.0.0.1:{self.port}")

    @property
    def runs(self) -> str:
        return (self.root / "current").resolve().name

    def systemctl(self, word: str) -> None:
        subprocess.run([self.folder / "bin" / "systemctl", word, "daozha"], check=True, timeout=120)

    def daozha(self, *words: str, version: str = "") -> subprocess.CompletedProcess[str]:
        place = self.root / ("current" if not version else f"versions/{version}")
        path = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        command = [str(place / "bin" / "daozha"), *words, "--config", str(self.config)]
        return subprocess.run(
            command,
            env=wheel.outside() | path,
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
            cwd=self.folder,
        )

    def upgrade(self, *words: str, within_s: int = 300) -> subprocess.CompletedProcess[str]:
        return self.daozha("upgrade", *words, "--root", str(self.root), "--within", str(within_s))

    def has_later_table(self) -> bool:
        return bool(rows_of(self.config, "SELECT 1 FROM sqlite_master WHERE name = 'later'"))


@contextmanager
def set_up(folder: Path) -> Iterator[Installed]:
    """Let `current` lead to the version 0.1.0 that is there, make a virtual site with it, and run that meanwhile."""
    site = Installed(folder, wheel.free_block())
    (site.root / "current").symlink_to("versions/0.1.0")
    (folder / "password").touch(0o600)
    (folder / "password").write_text(wheel.PASSWORD)
    words = ("--virtual", "--yes", "--port", str(site.port), "--password-file", folder / "password")
    made = wheel.run(site.root / "current" / "bin" / "daozha", "init", folder / "s", *words, cwd=folder)
    assert made.returncode == 0, made.stderr
    (folder / "bin").mkdir()
    (folder / "bin" / "systemctl").write_text(SYSTEMCTL.format(folder=folder, root=site.root, config=site.config))
    (folder / "bin" / "systemctl").chmod(0o755)
    site.systemctl("start")
    try:
        yield site
    finally:
        site.systemctl("stop")
