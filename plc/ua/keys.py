"""What OPC UA keeps in the site's data folder: our certificate, the PLCs' that are trusted, and the logins.

    opcua/own.pem             our key and certificate, for this user alone
    opcua/daozha.der          the certificate alone, to carry to a PLC
    opcua/trusted/DEVICE/     the certificates that this device may show, or of an authority that signs them
    opcua/trusted/clients/    the certificates of other systems that may read from our own server
    opcua/strangers/          certificates that such systems have shown and nobody has trusted yet
    opcua/revoked/            revocation lists of such authorities
    opcua/logins/DEVICE       two lines: user name and password

Everything here reads and writes files: call it on a thread.
"""

import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from plc.ua.certificate import Identity, has_thumbprint, make, sha256
from scada.hushed import keep_secret

OTHERS_MAY = 0o077
"""Permissions that a file with a secret must not have."""
CLIENTS = "clients"
"""Whose certificates other systems show at our own server: a name beside those of the devices."""
MOST_STRANGERS = 20
_SUFFIXES = (".der", ".pem")


class KeysError(Exception):
    """A file of the key folder cannot be used: which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are for a server that asks."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trusted:
    """A certificate that a device may show, and the file that says so."""

    certificate: x509.Certificate
    file: Path


class KeyFolder:
    """The folder `opcua` in a data folder. Every method raises KeysError for a file that cannot be used."""

    def __init__(self, data: Path, owner: str = "daozha") -> None:
        self.folder, self._owner = data / "opcua", owner

    @property
    def exported(self) -> Path:
        """Give the file to carry to a PLC."""
        return self.folder / f"{self._owner}.der"

    @property
    def revoked(self) -> Path:
        """Give the folder of revocation lists."""
        return self.folder / "revoked"

    def own(self, now: datetime) -> Identity:
        """Give our certificate with its key; make it on the first day."""
        known = self.known()
        if known is None:
            self._keep(self._new(now), only_first=True)
            known = self.known()
        if known is None:
            raise KeysError(f"{self.folder} has no key, although one was made just now")
        return known

    def known(self) -> Identity | None:
        """Give our certificate with its key if there is one."""
        file = self.folder / "own.pem"
        try:
            if file.stat().st_mode & OTHERS_MAY:
                raise KeysError(
                    f"{file} can be read by others: chmod 600 {file}; daozha certs renew --new-key if any did"
                )
            return Identity.from_pem(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            remedy = "restore it, or remove it: a new one is made, and every PLC has to trust that"
            raise KeysError(f"{file} holds no key and certificate: {error}; {remedy}") from error

    def renew(self, now: datetime, *, new_key: bool = False) -> Identity:
        """Give ourselves a certificate with new dates for the same name; the key stays unless it may be known."""
        old = self.known()
        if old is None:
            return self.own(now)
        fresh = make(self._owner, old.uri, _hosts(), now, key=None if new_key else old.key)
        self._keep(fresh)
        return fresh

    def _new(self, now: datetime) -> Identity:
        uri = f"urn:{socket.gethostname()}:{self._owner}:{secrets.token_hex(4)}"
        return make(self._owner, uri, _hosts(), now)

    def _keep(self, identity: Identity, *, only_first: bool = False) -> None:
        """Write both files; with `only_first` unless another process was faster."""
        file = self.folder / "own.pem"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not _put(file, identity.to_pem(), only_first=only_first):
                return
            _put(self.exported, identity.certificate.public_bytes(Encoding.DER), mode=0o644)
        except OSError as error:
            raise KeysError(f"{self.folder} cannot be written: {error}; give this user the right to") from error

    def trusting(self, device: str) -> Path:
        """Give the folder of the certificates that a device may show."""
        return self.folder / "trusted" / device

    def trusted(self, device: str) -> list[Trusted]:
        """Give the certificates that a device may show."""
        return _certificates(self.trusting(device))

    def strangers(self) -> list[Trusted]:
        """Give the certificates that clients have shown and nobody has trusted."""
        return _certificates(self.folder / "strangers")

    def trust(self, device: str, certificate: x509.Certificate) -> Path:
        """Let a device show this certificate from now on; give the file that says so."""
        file = self.trusting(device) / f"{sha256(certificate).replace(':', '')[:16].lower()}.der"
        try:
            _make(file.parent, self.folder)
            _put(file, certificate.public_bytes(Encoding.DER), mode=0o644)
        except OSError as error:
            raise KeysError(f"{file} cannot be written: {error}; give this user the right to") from error
        return file

    def keep_stranger(self, certificate: x509.Certificate) -> None:
        """Keep a certificate that a client has shown, for a person to look at; only so many."""
        folder = self.folder / "strangers"
        file = folder / f"{sha256(certificate).replace(':', '')[:16].lower()}.der"
        try:
            _make(folder, self.folder)
            if not file.exists() and sum(1 for _ in folder.iterdir()) < MOST_STRANGERS:
                _put(file, certificate.public_bytes(Encoding.DER))
        except OSError as error:
            raise KeysError(f"{file} cannot be written: {error}; give this user the right to") from error

    def untrust(self, device: str, thumbprint: str) -> int:
        """Take the certificate with this thumbprint away from a device; say how many files that were."""
        gone = [one for one in self.trusted(device) if has_thumbprint(one.certificate, thumbprint)]
        for one in gone:
            one.file.unlink()
        return len(gone)

    def login_file(self, device: str) -> Path:
        """Give the file with the device's user name and password."""
        return self.folder / "logins" / device

    def login(self, device: str) -> Login | None:
        """Give the user name and password for a device; None if there is no such file: then we are anonymous."""
        file = self.login_file(device)
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
            open_to_others = file.stat().st_mode & OTHERS_MAY
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeysError(f"{file} cannot be read: {error}") from error
        if open_to_others:
            raise KeysError(f"{file} can be read by others: chmod 600 {file}")
        if len(lines) != 2 or not all(lines):
            raise KeysError(f"{file} must hold two lines: the user name, then the password")
        keep_secret(lines[1])
        return Login(*lines)

    def keep_login(self, device: str, user: str, password: str) -> Path:
        """Keep the user name and password for a device; give the file."""
        file = self.login_file(device)
        if not user or not password or "\n" in user + password:
            raise KeysError("a login is a user name and a password, of one line each")
        try:
            _make(file.parent, self.folder)
            _put(file, f"{user}\n{password}\n".encode())
        except OSError as error:
            raise KeysError(f"{file} cannot be written: {error}; give this user the right to") from error
        return file

    def forget_login(self, device: str) -> None:
        """Be anybody for a device again."""
        self.login_file(device).unlink(missing_ok=True)


def _hosts() -> list[str]:
    return [socket.gethostname()]


def _certificates(folder: Path) -> list[Trusted]:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Trusted(_certificate(file), file) for file in files if file.suffix.lower() in _SUFFIXES]


def _certificate(file: Path) -> x509.Certificate:
    try:
        raw = file.read_bytes()
        return (
            x509.load_pem_x509_certificate(raw) if raw.lstrip()[:5] == b"-----" else x509.load_der_x509_certificate(raw)
        )
    except (OSError, ValueError) as error:
        raise KeysError(f"{file} is no certificate: {error}; remove it") from error


def _make(folder: Path, top: Path) -> None:
    """Make a folder and all above it up to `top`, for this user alone: who may write there, is trusted."""
    top.mkdir(parents=True, exist_ok=True, mode=0o700)
    for part in reversed([folder, *folder.parents]):
        if part.is_relative_to(top):
            part.mkdir(exist_ok=True, mode=0o700)


def _put(file: Path, content: bytes, mode: int = 0o600, *, only_first: bool = False) -> bool:
    """Replace a file at once: nobody ever reads half of it, and nobody else a secret.

    With `only_first` a file that is there stays; say whether ours is there now.
    """
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    if not only_first:
        os.replace(fresh, file)
        return True
    try:
        os.link(fresh, file)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        fresh.unlink()
