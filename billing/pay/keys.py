"""The merchant's keys: read from files, brought into the one form the library takes, and tried out."""

from dataclasses import dataclass
from pathlib import Path

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

from scada.config import Config
from scada.ports import BillingError

MIN_RSA_BITS = 2048
APIV3_KEY_SIGNS = 32
SERIAL_SIGNS = 40


@dataclass(frozen=True, slots=True)
class Keys:
    """What a merchant signs and reads with; PEM text is PKCS#8 and SPKI, whatever the files hold."""

    merchant_serial: str
    private_key: str
    apiv3_key: str
    public_key: str
    public_key_id: str

    def __repr__(self) -> str:
        return f"Keys(merchant_serial={self.merchant_serial!r})"


def read_keys(config: Config) -> Keys:
    """Read and try the keys that the configuration names. Raises BillingError: which file, and what to do."""
    files = config.wechat
    return Keys(
        merchant_serial=_serial(config.secret(files.merchant_serial_file)),
        private_key=_private_key(config.secret(files.private_key_file)),
        apiv3_key=_apiv3_key(config.secret(files.apiv3_key_file)),
        public_key=_public_key(config.secret(files.public_key_file)),
        public_key_id=_public_key_id(config.secret(files.public_key_id_file)),
    )


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise BillingError(
            f"{path} is missing: put {what} there (mode 0600); for the virtual car park, `daozha sim` makes it"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BillingError(f"read {what} from {path}: {error}") from error


def _serial(path: Path) -> str:
    serial = _text(path, "the serial number of the merchant's certificate").upper()
    if len(serial) != SERIAL_SIGNS or not set(serial) <= set("0123456789ABCDEF"):
        raise BillingError(f"{path}: a certificate's serial number has {SERIAL_SIGNS} hexadecimal signs")
    return serial


def _apiv3_key(path: Path) -> str:
    key = _text(path, "the APIv3 key")
    if len(key) != APIV3_KEY_SIGNS:
        raise BillingError(f"{path}: an APIv3 key has {APIV3_KEY_SIGNS} signs, this one has {len(key)}")
    return key


def _public_key_id(path: Path) -> str:
    name = _text(path, "the id of WeChat Pay's public key")
    if not name.startswith("PUB_KEY_ID_"):
        raise BillingError(f"{path}: the id of WeChat Pay's public key starts with PUB_KEY_ID_")
    return name


def _private_key(path: Path) -> str:
    pem = _text(path, "the merchant's private key")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise BillingError(f"{path}: not a private key in PEM form without a password: {error}") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_RSA_BITS:
        raise BillingError(f"{path}: WeChat Pay takes RSA keys of {MIN_RSA_BITS} bits or more")
    _try(path, key)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _try(path: Path, key: RSAPrivateKey) -> None:
    try:
        key.public_key().verify(key.sign(b"daozha", PKCS1v15(), SHA256()), b"daozha", PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError) as error:
        raise BillingError(f"{path}: the key does not verify what it signed; it is damaged") from error


def _public_key(path: Path) -> str:
    pem = _text(path, "WeChat Pay's public key")
    if "BEGIN CERTIFICATE" in pem:
        raise BillingError(f"{path}: a certificate; put WeChat Pay's public key there (BEGIN PUBLIC KEY)")
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BillingError(f"{path}: not a public key in PEM form: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise BillingError(f"{path}: not an RSA key")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
