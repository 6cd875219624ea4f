"""The keys of both sides, made at the first start and kept: the merchant's go where its configuration says."""

import os
import secrets
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from billing.sim.wechat.certs import Use, make, serial_text
from billing.sim.wechat.crypto import Caller
from scada.config import Config

RSA_BITS: Final = 2048
APP_SECRET_SIGNS: Final = 32
_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Identity:
    """One key that the platform signs with, and the serial by which others know it."""

    key: RSAPrivateKey
    serial: str


@dataclass(frozen=True, slots=True)
class Certified(Identity):
    """A key with the certificate that is handed out for it."""

    certificate: x509.Certificate


class Certificates:
    """The platform's certificates, newest first; two are good while they change. For use from many threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._all: list[Certified] = []

    def all(self) -> tuple[Certified, ...]:
        """Give all of them; the first is made when it is asked for, and kept over a restart."""
        with self._lock:
            if not self._all:
                self._all = [self._first()]
            return tuple(self._all)

    def newest(self) -> Certified:
        """Give the one that signs."""
        return self.all()[0]

    def rotate(self) -> None:
        """Sign with a new one; the one before stays good, older ones go."""
        before = self.newest()
        made = _certified(generate_private_key(public_exponent=65537, key_size=RSA_BITS), None)
        with self._lock:
            self._all = [made, before]

    def expire(self) -> None:
        """Let the one that signs be out of date."""
        key = self.newest().key
        with self._lock:
            self._all[0] = _certified(key, datetime.now(UTC) - timedelta(hours=1))

    def _first(self) -> Certified:
        key, path = _key(self._folder / "certificate_key.pem"), self._folder / "certificate.pem"
        if not path.exists():
            _write(path, _certified(key, None).certificate.public_bytes(Encoding.PEM).decode())
        found = x509.load_pem_x509_certificate(path.read_bytes())
        return Certified(key, serial_text(found), found)


@dataclass(frozen=True, slots=True)
class Platform:
    """What the platform holds: its own keys, and what it knows of its merchant."""

    key: RSAPrivateKey
    key_id: str
    apiv3_key: str
    appid: str
    caller: Caller
    certificates: Certificates
    folder: Path

    def identity(self, serial: str | None) -> Identity:
        """Give what signs an answer: the public key's pair if the request asked for it, else a certificate's."""
        return Identity(self.key, self.key_id) if serial == self.key_id else self.certificates.newest()

    def tls(self) -> ssl.SSLContext:
        """Give what the doors speak TLS with, under the local authority in `ca.crt`."""
        _tls(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "tls.crt", self.folder / "tls.pem")
        return context


def prepare(config: Config) -> Platform:
    """Make what is missing of the merchant's and the platform's files; read the rest."""
    files, folder = config.wechat, config.data / "sim" / "wechat"
    key = _key(folder / "platform_key.pem")
    key_id = f"PUB_KEY_ID_{secrets.randbelow(10**22):022d}"
    if files.public_key_file is not None and files.public_key_id_file is not None:
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write(config.secret(files.public_key_file), public.decode())
        key_id = _kept(config.secret(files.public_key_id_file), key_id)
    merchant_key = _key(config.secret(files.private_key_file))
    merchant = _merchant(merchant_key, config.secret(files.merchant_certificate_file))
    return Platform(
        key=key,
        key_id=key_id,
        apiv3_key=_kept(config.secret(files.apiv3_key_file), _signs(32)),
        appid=files.appid,
        caller=Caller(files.mchid, serial_text(merchant), merchant_key.public_key(), files.sub_mchid),
        certificates=Certificates(folder),
        folder=folder,
    )


def app_secret(platform: Platform) -> str:
    """Give the application's secret, under which pages ask who a visitor is."""
    return _kept(platform.folder / "app_secret.txt", _signs(APP_SECRET_SIGNS))


def _certified(key: RSAPrivateKey, ends_at: datetime | None) -> Certified:
    made = make("Tenpay.com Root CA (simulated)", key.public_key(), "simulated", key, Use(ends_at=ends_at))
    return Certified(key, serial_text(made), made)


def _merchant(key: RSAPrivateKey, path: Path) -> x509.Certificate:
    """Give the merchant's certificate; made anew if it is not that of the merchant's key."""
    if path.exists():
        found = x509.load_pem_x509_certificate(path.read_bytes())
        if found.public_key() == key.public_key():
            return found
    made = make("merchant (simulated)", key.public_key(), "Tenpay.com Root CA (simulated)", key)
    _write(path, made.public_bytes(Encoding.PEM).decode())
    return made


def _tls(folder: Path) -> None:
    """Make the local authority and the doors' certificate under it."""
    if (folder / "tls.crt").exists():
        return
    authority, key = _key(folder / "ca.pem"), _key(folder / "tls.pem")
    top = "daozha simulator CA"
    ca = make(top, authority.public_key(), top, authority, Use(is_ca=True))
    _write(folder / "ca.crt", ca.public_bytes(Encoding.PEM).decode())
    leaf = make("api.mch.weixin.qq.com", key.public_key(), top, authority, Use(hosts=True))
    _write(folder / "tls.crt", leaf.public_bytes(Encoding.PEM).decode())


def _signs(number: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(number))


def _key(path: Path) -> RSAPrivateKey:
    if not path.exists():
        made = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        _write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path}: not an RSA key")
    return key


def _kept(path: Path, otherwise: str) -> str:
    if not path.exists():
        _write(path, otherwise + "\n")
    return path.read_text(encoding="ascii").strip()


def _write(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step, so that nobody reads half a key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    draft.replace(path)
