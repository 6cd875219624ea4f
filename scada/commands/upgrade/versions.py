"""Versions of the program side by side, and the link that says which one runs."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from dataclasses import asdict, dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

_LIMIT_S: Final = 1800
_LOCK: Final = "scada/_shipped/requirements{}.txt"
_STAMP: Final = "wheel.sha256"
"""In a version's folder, written last: the hash of the wheel that it was made of."""


class UpgradeError(Exception):
    """It cannot be done, or broke off; the message says what was tried and what came back."""


@dataclass(frozen=True, slots=True)
class Record:
    """An upgrade: from where to where, and the backup that was taken while the site stood still, once there is one.

    `ran`: the new version was started, so that cars may have come and paid since the backup.
    """

    before: str
    after: str
    backup: str | None = None
    ran: bool = False


@dataclass(frozen=True, slots=True)
class Versions:
    """The folder of an installation."""

    root: Path

    @property
    def current(self) -> str:
        """Say which version runs. Raises UpgradeError."""
        link = self.root / "current"
        if not link.is_symlink():
            raise UpgradeError(f"{link}: there is no such link: install as docs/install/industrial-pc.md says")
        return link.resolve().name

    def folder(self, version: str) -> Path:
        """Say where a version lies."""
        return self.root / "versions" / version

    def program(self, version: str) -> Path:
        """Give a version's own command."""
        return self.folder(version) / "bin" / "daozha"

    def is_there(self, version: str) -> bool:
        """Say whether a version can be run."""
        return self.program(version).is_file()

    def switch(self, version: str) -> None:
        """Let the link lead to a version: at once, so that there is always one."""
        part = self.root / "current.new"
        part.unlink(missing_ok=True)
        part.symlink_to(Path("versions") / version)
        part.replace(self.root / "current")
        _keep(self.root)

    def make(self, wheel: Path, version: str, lock: str) -> None:
        """Make an environment of a wheel and what its lock file names. Raises UpgradeError; then it is not there.

        What was made whole of this very wheel stays, and so does the version that the way back leads to.
        """
        folder, stamp = self.folder(version), _digest(wheel)
        if self.is_there(version) and (self._made_of(version) == stamp or self._is_before(version)):
            return
        shutil.rmtree(folder, ignore_errors=True)
        try:
            requirements = self.root / "versions" / f"{version}.txt"
            requirements.parent.mkdir(parents=True, exist_ok=True)
            requirements.write_bytes(_inside(wheel, _LOCK.format(lock)))
            _run([sys.executable, "-m", "venv", str(folder)])
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
            _run([*pip, "--require-hashes", "-r", str(requirements)])
            _run([*pip, "--no-deps", str(wheel)])
            (folder / _STAMP).write_text(stamp, encoding="utf-8")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _made_of(self, version: str) -> str:
        """Say of which wheel a version was made; nothing if it was made by hand, or not to its end."""
        file = self.folder(version) / _STAMP
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _is_before(self, version: str) -> bool:
        last = self.last()
        return last is not None and last.before == version

    # --- what is under way, or was done last ---

    @property
    def _under_way(self) -> Path:
        return self.root / "upgrading.json"

    @property
    def _last(self) -> Path:
        return self.root / "upgraded.json"

    def under_way(self) -> Record | None:
        """Give the upgrade that was broken off, if one was."""
        return _read(self._under_way)

    def last(self) -> Record | None:
        """Give the last upgrade that was done."""
        return _read(self._last)

    def note(self, record: Record) -> None:
        """Write down how far an upgrade has come, before it goes on."""
        part = self._under_way.with_suffix(".new")
        with part.open("w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._under_way)
        _keep(self.root)

    def done(self) -> None:
        """Say that the upgrade is done."""
        self._under_way.replace(self._last)

    def undone(self) -> None:
        """Say that the former version runs again."""
        self._under_way.unlink(missing_ok=True)
        self._last.unlink(missing_ok=True)


def version_in(wheel: Path) -> str:
    """Read which version of daozha a wheel holds, and that it is whole. Raises UpgradeError."""
    try:
        with zipfile.ZipFile(wheel) as content:
            if (damaged := content.testzip()) is not None:
                raise UpgradeError(f"{wheel}: {damaged} is damaged: bring the wheel once more")
            names = [name for name in content.namelist() if name.endswith(".dist-info/METADATA")]
            told = HeaderParser().parsestr(content.read(names[0]).decode("utf-8") if names else "")
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise UpgradeError(f"{wheel}: {getattr(error, 'strerror', None) or 'is no wheel'}") from error
    name, version = told.get("Name"), told.get("Version")
    if name != "daozha" or not version:
        raise UpgradeError(f"{wheel}: is no wheel of daozha")
    return str(version)


def _digest(wheel: Path) -> str:
    try:
        with wheel.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UpgradeError(f"{wheel}: {error.strerror or error}") from error


def _inside(wheel: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as content:
            return content.read(name)
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise UpgradeError(f"{wheel}: has no {name}") from error


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)  # noqa: S603 - our words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpgradeError(f"{' '.join(command[:4])}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise UpgradeError(f"{' '.join(command[:4])}: {last}")


def _read(file: Path) -> Record | None:
    try:
        return Record(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UpgradeError(f"{file}: cannot be read: {error}") from error


def _keep(folder: Path) -> None:
    """Let the names in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
