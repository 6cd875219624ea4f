"""A small authority of one's own for plants and their control rooms: its key, and the certificates that it signs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from scada.secretfile import OTHERS

AUTHORITY_DAYS: Final = 20 * 365
DAYS: Final = 3 * 365
_CA, _CA_KEY = "ca.pem", "ca.key"


class IssueError(Exception):
    """An authority or a certificate cannot be made: which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, certificate: Path, key: Path) -> None:
        """Put both into files; what is there stays. Raises IssueError."""
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _put(key, private, 0o600)
        _put(certificate, self.certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def new_authority(name: str, now: datetime, days: int = AUTHORITY_DAYS) -> Signed:
    """Make an authority that signs plants and rooms, and no further authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, name, key.public_key(), key.public_key(), now, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Signed(builder.add_extension(_usage(signs=True), critical=True).sign(key, hashes.SHA256()), key)


def issued(authority: Signed, name: str, hosts: Sequence[str], now: datetime, days: int = DAYS) -> Signed:
    """Sign a plant, which is reached at `hosts`; without hosts a control room. Neither can stand for the other."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    builder = _builder(name, str(issuer), key.public_key(), authority.key.public_key(), now, days)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(one) for one in hosts]), critical=False)
    return Signed(builder.sign(authority.key, hashes.SHA256()), key)


def keep_authority(folder: Path, authority: Signed) -> None:
    """Put an authority into a folder of its own. Raises IssueError."""
    authority.write(folder / _CA, folder / _CA_KEY)


def kept_authority(folder: Path) -> Signed:
    """Take an authority out of its folder. Raises IssueError."""
    try:
        if (folder / _CA_KEY).stat().st_mode & OTHERS:
            raise IssueError(f"{folder / _CA_KEY} can be read by others: chmod 600, and make a new one if any did")
        key = serialization.load_pem_private_key((folder / _CA_KEY).read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / _CA).read_bytes())
    except OSError as error:
        raise IssueError(f"{error.filename}: {error.strerror}; make one: daozha sites authority") from error
    except (TypeError, ValueError) as error:
        raise IssueError(f"{folder} holds no authority: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IssueError(f"{folder / _CA_KEY} is of another kind than ours")
    return Signed(certificate, key)


def hand_out(folder: Path, kind: str, authority: Signed, signed: Signed) -> None:
    """Put what a `plant` or a `room` needs into a folder, to carry to its data folder as `sites`. Raises IssueError."""
    signed.write(folder / f"{kind}.pem", folder / f"{kind}.key")
    _put(folder / _CA, authority.certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _builder(
    name: str,
    issuer: str,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .serial_number(x509.random_serial_number())
        .public_key(public)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _put(file: Path, content: bytes, mode: int) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise IssueError(f"{file} is there already: take it away first, if it is to be replaced") from error
    except OSError as error:
        raise IssueError(f"{file}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
