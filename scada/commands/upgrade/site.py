"""The site that is upgraded: its service, and what its own programs do to it, as the user who owns its data."""

import json
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hmi.server import Pulse
from scada.backup import manifest
from scada.backup.signature import key_file
from scada.commands.upgrade.versions import UpgradeError
from scada.config import Config

_LIMIT_S: Final = 4 * 3600
_SERVICE_S: Final = 700
"""Longer than the unit's TimeoutStartSec."""
STEADY_S: Final = 10.0
"""So long a site has to answer without a break before it counts as up."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site and its unit."""

    config: Config
    file: Path
    service: str
    owner: os.stat_result
    """Of the data folder: files that root makes in it nobody else could read."""

    @classmethod
    def of(cls, config: Config, file: Path, service: str) -> "Site":
        """Look at a site; a way back that was cut off at its last step is ended. Raises UpgradeError."""
        try:
            if not config.data.exists() and _part(config.data).exists():
                _part(config.data).rename(config.data)
            return cls(config, file, service, config.data.stat())
        except OSError as error:
            raise UpgradeError(f"{config.data}: {error.strerror or error}") from error

    def call(self, program: Path, *words: str) -> str:
        """Let a version's command do something; gives what it says. Raises UpgradeError."""
        command = [str(program), *words]
        done = _run(command, _LIMIT_S, **self._as_owner())
        if done.returncode != 0:
            raise UpgradeError(f"{' '.join(command)}: ended with {done.returncode}: {_last(done)}")
        return done.stdout

    def backup(self, program: Path) -> str:
        """Make a backup; gives its folder."""
        told = json.loads(self.call(program, "backup", "--json", "--config", str(self.file)))
        return str(told["folder"])

    def stop(self) -> None:
        """Stop the site, and wait until it has."""
        self._systemctl("stop")

    def start(self) -> None:
        """Start the site, and wait until it is ready."""
        self._systemctl("start")

    def comes_up(self, within_s: float) -> bool:
        """Say whether all three web processes answer within a time, and go on answering."""
        pulses = [Pulse(web) for _name, web in self.config.web]
        until, since = time.monotonic() + within_s, None
        while (now := time.monotonic()) < until:
            if not all(pulse.answers() for pulse in pulses):
                since = None
            elif since is None:
                since = now
            elif now - since >= STEADY_S:
                return True
            time.sleep(0.5)
        return False

    def bring_back(self, program: Path, backup: Path, *, nothing_since: bool, database: Path | None) -> Path:
        """Put a backup in the place of the data folder; gives where that one is now. Raises UpgradeError."""
        data = self.config.data
        part, aside = _part(data), data.with_name(f"{data.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        shutil.rmtree(part, ignore_errors=True)
        words = ["restore", str(backup), "--to", str(part), "--key", str(key_file(self.config))]
        words += ["--nothing-since"] if nothing_since else []
        words += ["--database", str(database)] if database else []
        self.call(program, *words)
        for name in manifest.read(backup).left_out:
            _bring(data, part, Path(*Path(name).parts[1:]))
        if database is not None and self.config.database.url_file is not None:
            within = self.config.secret(self.config.database.url_file)
            shutil.copyfile(database, part / within.relative_to(data) if within.is_relative_to(data) else within)
        data.rename(aside)
        part.rename(data)
        return aside

    def _systemctl(self, word: str) -> None:
        done = _run(["systemctl", word, self.service], _SERVICE_S)
        if done.returncode != 0:
            raise UpgradeError(f"systemctl {word} {self.service}: {_last(done)}")

    def _as_owner(self) -> Mapping[str, Any]:
        if os.geteuid() != 0 or self.owner.st_uid == 0:
            return {}
        home = pwd.getpwuid(self.owner.st_uid).pw_dir
        return {
            "user": self.owner.st_uid,
            "group": self.owner.st_gid,
            "extra_groups": [],
            "cwd": "/",
            "env": {**os.environ, "HOME": home},
        }


def _part(data: Path) -> Path:
    """Say where a data folder is put together that will take this one's place."""
    return data.with_name(f"{data.name}.back")


def _bring(old: Path, new: Path, name: Path) -> None:
    """Take over what backups leave out: a secret, or a link to another disk."""
    source, target = old / name, new / name
    if target.exists() or target.is_symlink() or not (source.exists() or source.is_symlink()):
        return
    made = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if source.is_symlink():
        target.symlink_to(source.readlink())
    else:
        shutil.copy2(source, target)
    owner = old.stat()
    if os.geteuid() == 0:
        for path in (*made, target):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _run(command: list[str], limit_s: float, **how: Any) -> "subprocess.CompletedProcess[str]":  # noqa: ANN401 - handed on
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False, **how)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpgradeError(f"{' '.join(command[:3])}: {error}") from error


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in (done.stderr.strip() or done.stdout.strip()).splitlines() if line.strip()]
    return " ".join(lines[-3:]) if lines else "no word"
