"""Certificates: the merchant's, the platform's own, and those under which its doors speak TLS."""

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

HOSTS: Final = (
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
    "api.weixin.qq.com",
    "open.weixin.qq.com",
    "localhost",
)
LIFE: Final = timedelta(days=5 * 365)
_YESTERDAY: Final = timedelta(days=1)


def new_serial() -> int:
    """Make a serial number of 40 hexadecimal digits, the first of them not 0."""
    return secrets.randbits(156) | 1 << 156


@dataclass(frozen=True, slots=True)
class Use:
    """What a certificate is for: an authority, the doors of `HOSTS`, or signatures; when it ends, and its number."""

    is_ca: bool = False
    hosts: bool = False
    ends_at: datetime | None = None
    serial: int | None = None


SIGNATURES: Final = Use()


def make(
    subject: str, key: RSAPublicKey, issuer: str, signer: RSAPrivateKey, use: Use = SIGNATURES
) -> x509.Certificate:
    """Make a certificate."""
    now = datetime.now(UTC)
    ends_at = use.ends_at or now + LIFE
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(use.serial or new_serial())
        .not_valid_before(min(now, ends_at) - _YESTERDAY)
        .not_valid_after(ends_at)
        .add_extension(x509.BasicConstraints(ca=use.is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(is_ca=use.is_ca), critical=True)
    )
    if use.hosts:
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, SHA256())


def serial_text(certificate: x509.Certificate) -> str:
    """Write a serial number as WeChat does."""
    return f"{certificate.serial_number:040X}"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
