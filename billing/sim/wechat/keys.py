"""The keys of both sides, made at the first start and kept: the merchant's go where its configuration says."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from billing.sim.wechat.crypto import Caller
from scada.config import Config

RSA_BITS = 2048
_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Platform:
    """What the platform holds: its own key, and what it knows of its merchant."""

    key: RSAPrivateKey
    key_id: str
    apiv3_key: str
    appid: str
    caller: Caller


def prepare(config: Config) -> Platform:
    """Make what is missing of the merchant's and the platform's files; read the rest."""
    files = config.wechat
    merchant_key = _key(config.secret(files.private_key_file))
    serial = _kept(config.secret(files.merchant_serial_file), secrets.token_hex(20).upper())
    key = _key(config.data / "sim" / "wechat_platform_key.pem")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(config.secret(files.public_key_file), public.decode())
    return Platform(
        key=key,
        key_id=_kept(config.secret(files.public_key_id_file), f"PUB_KEY_ID_{secrets.randbelow(10**22):022d}"),
        apiv3_key=_kept(config.secret(files.apiv3_key_file), "".join(secrets.choice(_SIGNS) for _ in range(32))),
        appid=files.appid,
        caller=Caller(files.mchid, serial, merchant_key.public_key()),
    )


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
