"""Mutual TLS between a plant and a control room elsewhere: both show a certificate of one authority of their own."""

import os
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from scada.secretfile import is_open_to_others


class TlsError(Exception):
    """A certificate, key or authority cannot be used: which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Who we are, and the one authority whose word counts about the other side."""

    certificate: Path
    key: Path
    authority: Path

    def stamps(self) -> tuple[int, ...]:
        """Say of which moments the files are: other ones mean other files. Reads the disk."""
        files = (self.certificate, self.key, self.authority)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the other side's certificate says, after the authority's signature and the dates were checked."""

    name: str
    fingerprint: str
    until: datetime


def context_of(files: TlsFiles, *, serves: bool) -> ssl.SSLContext:
    """Make the context for one side. TLS 1.3 alone: both ends are ours. Reads files; raises TlsError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if serves else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = not serves
    if serves:
        context.num_tickets = 0  # every connection shows its certificate anew
    try:
        if is_open_to_others(files.key, files.key.stat().st_mode):
            raise TlsError(f"{files.key} can be read by others: chmod 600 {files.key}")
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
        context.load_verify_locations(files.authority)
    except FileNotFoundError as error:
        missing = next((file for file in (files.certificate, files.key, files.authority) if not file.exists()), "?")
        raise TlsError(f"there is no file {missing}: make it with daozha sites issue (docs/sites.md)") from error
    except OSError as error:
        raise TlsError(f"{files.certificate}, {files.key}, {files.authority}: {_plain(error)}") from error
    return context


def shown_by(der: bytes) -> Shown:
    """Read what a peer has shown. Raises TlsError for a certificate without a name."""
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise TlsError("the certificate has no name, or several")
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    return Shown(str(names[0].value), fingerprint, certificate.not_valid_after_utc)


def shown_in(file: Path) -> Shown:
    """Read the certificate in a file. Raises TlsError."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise TlsError(f"{file} is no certificate: {error}") from error
    return shown_by(certificate.public_bytes(Encoding.DER))


def look_at_own(files: TlsFiles, now_s: float) -> None:
    """See that our certificate still holds and is of the authority that both sides believe. Raises TlsError."""
    try:
        own = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        authorities = x509.load_pem_x509_certificates(files.authority.read_bytes())
    except (OSError, ValueError) as error:
        raise TlsError(f"{files.certificate}, {files.authority}: {error}") from error
    if not any(_has_signed(one, own) for one in authorities):
        raise TlsError(f"{files.certificate} is not signed by {files.authority}")
    if own.not_valid_after_utc.timestamp() <= now_s:
        raise TlsError(f"our certificate has ended: {files.certificate}, on {own.not_valid_after_utc:%Y-%m-%d}")


def _has_signed(authority: x509.Certificate, own: x509.Certificate) -> bool:
    try:
        own.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def same_fingerprint(one: str, other: str) -> bool:
    """Compare two fingerprints however they are written."""
    return one.replace(":", "").lower() == other.replace(":", "").lower()


def why(error: OSError) -> str:
    """Say in plain words why a link of this kind broke."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the plant's certificate is not good: {error.verify_message}"
    return f"TLS: {_plain(error)}" if isinstance(error, ssl.SSLError) else _plain(error)


def _no_password() -> bytes:
    """A key with a password would ask at a terminal that nobody sits at."""
    raise TlsError("the key has a password: a server starts with nobody there; take it off, mode 0600 guards it")


def _plain(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno and not isinstance(error, ssl.SSLError) else str(error)) or str(
        type(error).__name__
    )
