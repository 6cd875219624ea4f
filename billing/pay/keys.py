"""The merchant's keys: read from files, brought into the one form the library takes, and tried out."""

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import Certificate, load_pem_x509_certificate

from scada.config import Config
from scada.hushed import keep_secret
from scada.ports import BillingError
from scada.secretfile import is_open_to_others

MIN_RSA_BITS: Final = 2048
APIV3_KEY_SIGNS: Final = 32
SERIAL_SIGNS: Final = 40
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_TRIED: Final = b"daozha"


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """WeChat Pay's public key (public-key mode), in SPKI form."""

    id: str
    pem: str


@dataclass(frozen=True, slots=True)
class Keys:
    """What a merchant signs and reads with; PEM text is PKCS#8 and SPKI, whatever the files hold.

    Without `platform`, WeChat is known by the certificates it hands out. `other_apiv3_key` is the one before or after
    a change, empty otherwise.
    """

    merchant_serial: str
    private_key: str
    apiv3_key: str
    other_apiv3_key: str
    platform: PlatformKey | None

    def __repr__(self) -> str:
        return f"Keys(merchant_serial={self.merchant_serial!r})"


def read_keys(config: Config) -> Keys:
    """Read and try the keys that the configuration names. Raises BillingError: which file, and what to do."""
    files = config.wechat
    key_path, certificate_path = config.secret(files.private_key_file), config.secret(files.merchant_certificate_file)
    other, public, public_id = files.other_apiv3_key_file, files.public_key_file, files.public_key_id_file
    certificate = _certificate(certificate_path)
    return Keys(
        merchant_serial=_serial(certificate),
        private_key=_private_key(key_path, certificate, certificate_path),
        apiv3_key=_apiv3_key(config.secret(files.apiv3_key_file)),
        other_apiv3_key="" if other is None else _apiv3_key(config.secret(other)),
        platform=None
        if public is None or public_id is None
        else PlatformKey(_public_key_id(config.secret(public_id)), _public_key(config.secret(public))),
    )


def _text(path: Path, what: str, *, is_secret: bool) -> str:
    """Read a file that nobody else can change, or, if it is a secret, read."""
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read().strip()
    except FileNotFoundError as error:
        raise BillingError(
            f"{path} is missing: put {what} there (mode 0600); for the virtual car park, `daozha sim` makes it"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BillingError(f"read {what} from {path}: {type(error).__name__}") from error
    if is_open_to_others(path, mode) if is_secret else mode & _OTHERS_WRITE:
        can = "read" if is_secret else "changed"
        raise BillingError(f"{path} can be {can} by others than its owner: chmod 600 {path}")
    if is_secret:
        keep_secret(content)
    return content


def _apiv3_key(path: Path) -> str:
    key = _text(path, "the APIv3 key", is_secret=True)
    if len(key) != APIV3_KEY_SIGNS:
        raise BillingError(f"{path}: an APIv3 key has {APIV3_KEY_SIGNS} signs, this one has {len(key)}")
    return key


def _public_key_id(path: Path) -> str:
    name = _text(path, "the id of WeChat Pay's public key", is_secret=False)
    if not name.startswith("PUB_KEY_ID_"):
        raise BillingError(f"{path}: the id of WeChat Pay's public key starts with PUB_KEY_ID_")
    return name


def _certificate(path: Path) -> Certificate:
    pem = _text(path, "the merchant's certificate (apiclient_cert.pem)", is_secret=False)
    try:
        certificate = load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise BillingError(f"{path}: not a certificate in PEM form (BEGIN CERTIFICATE)") from error
    if not certificate.not_valid_before_utc <= datetime.now(UTC) < certificate.not_valid_after_utc:
        ends = certificate.not_valid_after_utc
        raise BillingError(f"{path}: the merchant's certificate is not valid today; it ends on {ends:%Y-%m-%d}")
    return certificate


def _serial(certificate: Certificate) -> str:
    """Write a serial number as WeChat does: leading zeros stay."""
    return f"{certificate.serial_number:0{SERIAL_SIGNS}X}"


def _private_key(path: Path, certificate: Certificate, certificate_path: Path) -> str:
    pem = _text(path, "the merchant's private key", is_secret=True)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise BillingError(f"{path}: not a private key in PEM form without a password") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_RSA_BITS:
        raise BillingError(f"{path}: WeChat Pay takes RSA keys of {MIN_RSA_BITS} bits or more")
    owner = certificate.public_key()
    if not isinstance(owner, RSAPublicKey) or not _fits(key, owner):
        raise BillingError(f"{path}: the key is not that of {certificate_path}, or it is damaged")
    in_use = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    keep_secret(in_use)
    return in_use


def _fits(key: RSAPrivateKey, public: RSAPublicKey) -> bool:
    """Sign and verify once, as WeChat will."""
    try:
        public.verify(key.sign(_TRIED, PKCS1v15(), SHA256()), _TRIED, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_key(path: Path) -> str:
    pem = _text(path, "WeChat Pay's public key", is_secret=False)
    if "BEGIN CERTIFICATE" in pem:
        raise BillingError(f"{path}: a certificate; put WeChat Pay's public key there (BEGIN PUBLIC KEY)")
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BillingError(f"{path}: not a public key in PEM form") from error
    if not isinstance(key, RSAPublicKey):
        raise BillingError(f"{path}: not an RSA key")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
