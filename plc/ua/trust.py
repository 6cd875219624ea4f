"""Whether a server's certificate may be believed: the device's own that a person trusted, or one of an authority."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from cryptography import x509

from plc.transport.link import NeedsPerson
from plc.ua.certificate import name_of, sha1, sha256, trouble_with_dates, uri_of
from plc.ua.keys import KeyFolder, Trusted

_SIGNED = CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_SERVER


async def vouch(
    certificate: x509.Certificate, server: ua.ApplicationDescription, device: str, keys: KeyFolder, now: datetime
) -> None:
    """Let a server's certificate pass. Raises NeedsPerson, which says what to do, for any but a trusted one."""
    trusted = await asyncio.to_thread(keys.trusted, device)
    if not any(one.certificate == certificate for one in trusted):
        await _signed(certificate, server, device, keys, trusted)
    if trouble := trouble_with_dates(certificate, now):
        raise NeedsPerson(f"the certificate of {device} {trouble}; give the PLC a new one, then: {_how(device)}")
    if uri_of(certificate) != server.ApplicationUri:
        raise NeedsPerson(
            f"the certificate of {device} is for {uri_of(certificate)!r}, but the server calls itself"
            f" {server.ApplicationUri!r}; let the PLC make a certificate of its own"
        )


async def _signed(
    certificate: x509.Certificate,
    server: ua.ApplicationDescription,
    device: str,
    keys: KeyFolder,
    trusted: Sequence[Trusted],
) -> None:
    """Let pass what an authority in the device's folder has signed and not revoked."""
    if not any(_is_authority(one.certificate) for one in trusted):
        raise NeedsPerson(stranger(certificate, device, replaced=bool(trusted)))
    store = TrustStore([keys.trusting(device)], [keys.revoked])
    await store.load()
    try:
        await CertificateValidator(_SIGNED, store).validate(certificate, server)
    except ServiceError as error:
        why = ua.StatusCode(ua.UInt32(error.code)).name
        raise NeedsPerson(f"{stranger(certificate, device, replaced=False)} ({why})") from error


def stranger(certificate: x509.Certificate, device: str, *, replaced: bool) -> str:
    """Say whom the server shows, and how a person lets it be believed."""
    what = "is not the one that is trusted" if replaced else "is not trusted yet"
    return (
        f"the certificate that {device} shows {what}: {name_of(certificate)}, until"
        f" {certificate.not_valid_after_utc:%Y-%m-%d}, SHA-256 {sha256(certificate)}, SHA-1 {sha1(certificate)};"
        f" compare this with what the PLC itself shows, then: {_how(device)}"
    )


def _how(device: str) -> str:
    return f"daozha certs trust {device} --thumbprint …"


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
