"""Who made a backup: its manifest is signed by the site's own key, and proved by the public half kept elsewhere.

A hash says that a backup is whole; whoever can write to the disk it lies on could make both anew. Ed25519, the manifest
byte for byte as it lies there (docs/decisions/0076).
"""

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import ValidationError

from scada.backup import BackupError
from scada.backup.manifest import NAME, Record
from scada.config import Config
from scada.secretfile import read_secret

SIGNATURE: Final = "manifest.sig"
_MOST_BYTES: Final = 4096
_ABOUT: Final = b"daozha backup manifest\0"
"""Before what is signed: a signature of this key over anything else is none of a backup."""


class Signature(Record):
    """What lies beside the manifest: which key signed it, and the signature in base64."""

    key: str
    signature: str


def key_file(config: Config) -> Path:
    """Say where the site's key is."""
    named = config.backup.key_file
    return config.data / "keys" / "backup.pem" if named is None else config.secret(named)


def signing_key(config: Config) -> Ed25519PrivateKey:
    """Give the site's key, made at the first asking unless the configuration names one. Raises BackupError."""
    path = key_file(config)
    if config.backup.key_file is None and not path.exists():
        _make(path)
    return _read(path)


def known_public(config: Config) -> Ed25519PublicKey:
    """Give the public half of the site's key if it has one. Raises BackupError."""
    path = key_file(config)
    if config.backup.key_file is None and not path.exists():
        raise BackupError(f"{path}: this site has signed no backup yet; name the public key of the one that has: --key")
    return _read(path).public_key()


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(read_secret(path).encode(), None)
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{path}: the key that signs backups cannot be read: {_why(error)}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BackupError(f"{path}: no Ed25519 key; make one with: openssl genpkey -algorithm ed25519")
    return key


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return  # another backup was faster
    except OSError as error:
        raise BackupError(f"{path}: {_why(error)}") from error


def public_pem(key: Ed25519PublicKey) -> str:
    """Write the public half, to be kept elsewhere."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public(path: Path) -> Ed25519PublicKey:
    """Read a public half; the file of the key itself will do, too. Raises BackupError."""
    try:
        raw = path.read_bytes()
        if b"PRIVATE KEY" in raw:
            return _read(path).public_key()
        key = load_pem_public_key(raw)
    except (OSError, ValueError) as error:
        raise BackupError(f"{path}: no public key: {_why(error)}; `daozha backup key` writes it") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BackupError(f"{path}: no Ed25519 key; `daozha backup key` writes it")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """Give a key's name: short enough to be compared by eye."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def sign(key: Ed25519PrivateKey, manifest: bytes) -> bytes:
    """Give what is to lie beside a manifest."""
    made = base64.b64encode(key.sign(_ABOUT + manifest)).decode()
    return Signature(key=fingerprint(key.public_key()), signature=made).model_dump_json(indent=1).encode()


def check(backup: Path, key: Ed25519PublicKey) -> None:
    """Make sure that a backup's manifest was signed by this key. Raises BackupError."""
    path = backup / SIGNATURE
    try:
        told = Signature.model_validate_json(_short(path))
        proof, manifest = base64.b64decode(told.signature, validate=True), (backup / NAME).read_bytes()
    except FileNotFoundError as error:
        what = "no backup" if not (backup / NAME).exists() else f"it is not signed; {_UNSIGNED}"
        raise BackupError(f"{backup}: {what}") from error
    except OSError as error:
        raise BackupError(f"{path}: {_why(error)}") from error
    except (ValidationError, binascii.Error, ValueError) as error:
        raise BackupError(f"{path}: no signature; {_UNSIGNED}") from error
    try:
        key.verify(proof, _ABOUT + manifest)
    except InvalidSignature as error:
        if told.key != fingerprint(key):
            raise BackupError(f"{backup}: signed by the key {told.key[:60]}, not by {fingerprint(key)}") from error
        raise BackupError(f"{backup}: the signature does not hold: it was changed after it was made") from error


def is_ours(backup: Path, key: Ed25519PublicKey) -> bool:
    """Say whether a backup was signed by this key."""
    try:
        check(backup, key)
    except BackupError:
        return False
    return True


_UNSIGNED: Final = "one made before backups were signed, or one that is known to be good, is taken with --unsigned"


def _short(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
