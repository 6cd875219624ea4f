"""Certificates for plants and control rooms elsewhere, made anew for each test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scada.issuing import Signed, hand_out, issued, new_authority
from scada.tls import TlsFiles
from scada.way import TlsWay

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Authority:
    """An authority in a folder; each name has a folder of its own below it."""

    folder: Path
    signer: Signed

    @classmethod
    def made(cls, folder: Path, name: str = "sites") -> "Authority":
        """Make one."""
        return cls(folder / name, new_authority(name, datetime.now(UTC)))

    def plant(self, name: str = "plant", host: str = HOST) -> TlsFiles:
        """Sign a plant."""
        return self._handed(name, "plant", issued(self.signer, name, [host], datetime.now(UTC)))

    def room(self, name: str = "hq", ended: bool = False, folder: str = "") -> TlsFiles:
        """Sign a control room; `ended`: its certificate was good until yesterday."""
        now = datetime.now(UTC) - (timedelta(days=3) if ended else timedelta(0))
        return self._handed(folder or name, "room", issued(self.signer, name, [], now, 2))

    def _handed(self, name: str, kind: str, signed: Signed) -> TlsFiles:
        folder = self.folder / name
        hand_out(folder, kind, self.signer, signed)
        return TlsFiles(folder / f"{kind}.pem", folder / f"{kind}.key", folder / "ca.pem")


def way(port: int, files: TlsFiles, name: str = HOST) -> TlsWay:
    """Lead to a plant on this machine."""
    return TlsWay(HOST, port, name, files)
