"""Application certificates of OPC UA: making one, and what one says of itself (OPC 10000-6 §6.2.2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=5 * 365)
WARNED = timedelta(days=30)
"""So long before its end a certificate is complained of."""
_KEY_BITS = 2048
"""What every PLC with Basic256Sha256 takes; a longer key costs a small PLC seconds for each connection."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def uri(self) -> str:
        """Give the application URI: what the certificate says, for a peer compares the two."""
        return uri_of(self.certificate)

    def to_pem(self) -> bytes:
        """Write both into one file, so that they can never be of two generations."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + self.certificate.public_bytes(serialization.Encoding.PEM)

    @classmethod
    def from_pem(cls, pem: bytes) -> "Identity":
        """Read what `to_pem` wrote. Raises ValueError.

        The key is our own, and proving its primes anew for every connection would hold the loop for 50 ms.
        """
        key = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("not an RSA key")
        return cls(x509.load_pem_x509_certificate(pem), key)


def make(
    name: str,
    uri: str,
    hosts: Sequence[str],
    now: datetime,
    valid: timedelta = VALID,
    key: rsa.RSAPrivateKey | None = None,
) -> Identity:
    """Make a self-signed application certificate, for client and server alike; a new key unless one is given."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + valid)
        .serial_number(x509.random_serial_number())
        .public_key(public)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(_names(uri, hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(_USAGE, critical=True)
        .add_extension(_PURPOSES, critical=False)
    )
    return Identity(builder.sign(key, hashes.SHA256()), key)


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
"""A self-signed certificate signs itself, and some servers look for that."""
_PURPOSES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])


def _names(uri: str, hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), *(x509.DNSName(host) for host in hosts)])


def uri_of(certificate: x509.Certificate) -> str:
    """Give the application URI a certificate is for; nothing if it names none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")


def name_of(certificate: x509.Certificate) -> str:
    """Give the common name, or the whole subject of one that has none."""
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else certificate.subject.rfc4514_string()


def sha1(certificate: x509.Certificate) -> str:
    """Give the thumbprint that PLCs show: SHA-1, which here only names a certificate and protects nothing."""
    return _spelled(certificate.fingerprint(hashes.SHA1()))  # noqa: S303


def sha256(certificate: x509.Certificate) -> str:
    """Give the thumbprint that is worth comparing."""
    return _spelled(certificate.fingerprint(hashes.SHA256()))


def has_thumbprint(certificate: x509.Certificate, text: str) -> bool:
    """Say whether a thumbprint as a person writes it, SHA-256 or SHA-1, is that of the certificate."""
    digits = re.sub(r"[\s:.-]", "", text).upper()
    return digits in (sha256(certificate).replace(":", ""), sha1(certificate).replace(":", ""))


def _spelled(digest: bytes) -> str:
    return digest.hex(":").upper()


def trouble_with_dates(certificate: x509.Certificate, now: datetime) -> str:
    """Say why a certificate does not hold now; nothing if it does."""
    if now < certificate.not_valid_before_utc:
        return f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC: is a clock wrong?"
    if now > certificate.not_valid_after_utc:
        return f"ended on {certificate.not_valid_after_utc:%Y-%m-%d}"
    return ""


def days_left(certificate: x509.Certificate, now: datetime) -> int:
    """Give the whole days until it ends; less than 0 when it has ended."""
    return (certificate.not_valid_after_utc - now).days


def ends_soon(certificate: x509.Certificate, now: datetime) -> bool:
    """Say whether it must be renewed soon, or should have been."""
    return certificate.not_valid_after_utc - now < WARNED
