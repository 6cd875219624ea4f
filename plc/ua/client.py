"""The one place where a client of OPC UA is built: secured as the device table says, or not at all."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.uaerrors import UaError
from cryptography import x509

from plc.map.devices import Device
from plc.transport.flight import bound_flight
from plc.transport.link import NeedsPerson
from plc.transport.stopping import within
from plc.ua.bounds import bound_decoding
from plc.ua.certificate import Identity, ends_soon, sha1, sha256, trouble_with_dates
from plc.ua.keys import KeyFolder, KeysError, Login
from plc.ua.security import Security, parse_security
from plc.ua.trust import vouch
from scada.ports import PlcError

FORGOTTEN_MS = 10_000
"""So soon a server shall forget the session of a link that was lost: a PLC has room for a handful of them."""
HANDSHAKE_S = 5.0
"""A small PLC reckons for seconds before it answers the first secured message."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Dialled:
    """A connected client, and when the first of the two certificates ends."""

    client: Client
    ends_at: datetime | None = None


async def dial(device: Device, keys: KeyFolder, now: datetime) -> Dialled:
    """Connect a new client. Raises PlcError; NeedsPerson if trying again will not help."""
    what = f"connect to {device.where}"
    try:
        security = parse_security(device.security)
        login = await asyncio.to_thread(keys.login, device.name)
        if security is not None:
            return await _dial_secured(device, security, login, keys, now)
    except (KeysError, ValueError) as error:
        raise NeedsPerson(f"{what}: {error}") from error
    if login is not None:
        raise NeedsPerson(f"{what}: {_PLAIN_PASSWORD}")
    client = new_client(device)
    await _connect(client, device, 2 * device.timeout_s, None, keys)
    return Dialled(client)


_PLAIN_PASSWORD = "a password goes over SignAndEncrypt only: change the device's security, or remove its login"  # noqa: S105


async def _dial_secured(
    device: Device, security: Security, login: Login | None, keys: KeyFolder, now: datetime
) -> Dialled:
    if login is not None and not security.encrypts:
        raise NeedsPerson(f"connect to {device.where}: {_PLAIN_PASSWORD}")
    identity = await asyncio.to_thread(keys.own, now)
    _check_ours(identity, device, now)
    endpoint = chosen(await look(device), security, device)
    certificate = certificate_of(endpoint)
    await vouch(certificate, endpoint.Server, device.name, keys, now)
    _warn_of_end(certificate, device, now)
    client = new_client(device, identity.uri)
    client.certificate_validator = partial(_vouch_again, device=device.name, keys=keys, now=now)
    policy = security.cipher(certificate, identity.certificate, identity.key, security.message_mode)
    client.security_policy = policy  # type: ignore[assignment]  # the library gives it the type of no security
    client.uaclient.set_security(policy)
    if login is not None:
        client.set_user(login.user)
        client.set_password(login.password)
    await _connect(client, device, 2 * device.timeout_s + HANDSHAKE_S, identity, keys)
    return Dialled(client, min(certificate.not_valid_after_utc, identity.certificate.not_valid_after_utc))


async def probe(device: Device, keys: KeyFolder, now: datetime) -> str:
    """Connect as the plant would, say how, and let go. Raises PlcError with what to do."""
    dialled = await dial(device, keys, now)
    try:
        async with asyncio.timeout(device.timeout_s):
            await dialled.client.disconnect()
    except (UaError, OSError, TimeoutError) as error:
        log.debug("opc ua session not closed", plc=device.name, why=repr(error))
    finally:
        dialled.client.disconnect_socket()
    ends = f", certificates until {dialled.ends_at:%Y-%m-%d}" if dialled.ends_at else ""
    return f"connected with {device.security or 'no security'}{ends}"


def new_client(device: Device, uri: str = "") -> Client:
    """Make a client that never reconnects by itself: every attempt has its own."""
    bound_decoding()
    timeout_s = device.timeout_s + (HANDSHAKE_S if uri else 0.0)
    client = Client(f"opc.tcp://{device.host}:{device.port}/", timeout=timeout_s, reconnect_request_timeout=1.0)
    client.name = client.description = "daozha"
    client.application_uri = uri or "urn:daozha"
    client.session_timeout = FORGOTTEN_MS
    return client


async def look(device: Device) -> list[ua.EndpointDescription]:
    """Ask a server what it offers; nothing it says is proven. Raises PlcError."""
    client = new_client(device)
    try:
        async with within(2 * device.timeout_s):
            offered: list[ua.EndpointDescription] = await client.connect_and_get_server_endpoints()
    except (UaError, OSError, TimeoutError) as error:
        raise PlcError(f"ask {device.where} for its endpoints: {error!r}") from error
    finally:
        client.disconnect_socket()
    return offered


def chosen(offered: list[ua.EndpointDescription], security: Security, device: Device) -> ua.EndpointDescription:
    """Give the endpoint with the security that was asked for. Raises NeedsPerson: less will not do."""
    for endpoint in offered:
        if (endpoint.SecurityPolicyUri, endpoint.SecurityMode) == (security.cipher.URI, security.message_mode):
            return endpoint
    known = ", ".join(sorted({_offer(endpoint) for endpoint in offered})) or "nothing"
    raise NeedsPerson(f"{device.where} does not offer {security}; it offers {known}")


def _offer(endpoint: ua.EndpointDescription) -> str:
    policy = (endpoint.SecurityPolicyUri or "").rpartition("#")[2]
    return policy if policy == "None" else f"{policy}/{endpoint.SecurityMode.name}"


def certificate_of(endpoint: ua.EndpointDescription) -> x509.Certificate:
    """Read the first certificate of the chain that an endpoint shows. Raises NeedsPerson."""
    raw = endpoint.ServerCertificate or b""
    length = int.from_bytes(raw[2:4], "big") + 4
    try:
        return x509.load_der_x509_certificate(raw[:length])
    except ValueError as error:
        raise NeedsPerson(f"the server shows no certificate: {error}") from error


async def _vouch_again(
    certificate: x509.Certificate, server: ua.ApplicationDescription, *, device: str, keys: KeyFolder, now: datetime
) -> None:
    """Check once more what the server says of itself now that its words are signed."""
    await vouch(certificate, server, device, keys, now)


def _check_ours(identity: Identity, device: Device, now: datetime) -> None:
    if trouble := trouble_with_dates(identity.certificate, now):
        raise NeedsPerson(f"connect to {device.where}: our own certificate {trouble}; run: daozha certs renew")
    if ends_soon(identity.certificate, now):
        ends = f"{identity.certificate.not_valid_after_utc:%Y-%m-%d}"
        log.warning("our opc ua certificate ends soon", ends=ends, remedy="daozha certs renew")


def _warn_of_end(certificate: x509.Certificate, device: Device, now: datetime) -> None:
    if ends_soon(certificate, now):
        ends = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        log.warning("a plc's certificate ends soon", plc=device.name, ends=ends, remedy="let the PLC make a new one")


async def _connect(client: Client, device: Device, within_s: float, identity: Identity | None, keys: KeyFolder) -> None:
    """Connect; whatever ends the attempt, the socket is let go."""
    connected = False
    try:
        async with within(within_s):
            await client.connect()
        connected = True
        transport = client.uaclient.protocol.transport if client.uaclient.protocol else None
        if transport is not None:
            bound_flight(transport.get_extra_info("socket"), device.timeout_s)
    except (UaError, OSError, TimeoutError, AssertionError) as error:
        raise _explained(error, device, identity, keys) from error
    finally:
        if not connected:
            client.disconnect_socket()


_ABOUT_US = (
    uaerrors.BadSecurityChecksFailed,
    uaerrors.BadCertificateInvalid,
    uaerrors.BadCertificateTimeInvalid,
    uaerrors.BadCertificateUriInvalid,
    uaerrors.BadCertificateUseNotAllowed,
    uaerrors.BadCertificateUntrusted,
    uaerrors.BadCertificateChainIncomplete,
)
_ABOUT_LOGIN = (
    uaerrors.BadIdentityTokenInvalid,
    uaerrors.BadIdentityTokenRejected,
    uaerrors.BadUserAccessDenied,
)


def _explained(error: BaseException, device: Device, identity: Identity | None, keys: KeyFolder) -> PlcError:
    """Say what a person can do about it: the library gives an assertion or a number."""
    what = f"connect to {device.where}"
    if isinstance(error, _ABOUT_LOGIN):
        file = keys.login_file(device.name)
        remedy = f"see that user name and password in {file} are right (daozha certs login {device.name} --user NAME)"
        return NeedsPerson(f"{what}: the PLC refuses our login: {error}; {remedy}")
    if identity is not None and isinstance(error, (AssertionError, *_ABOUT_US)):
        return NeedsPerson(f"{what}: {_not_yet_trusted(identity, keys)} ({error!r})")
    if identity is not None and isinstance(error, ConnectionError):
        return PlcError(f"{what}: the PLC hung up on us ({error!r}). Most often {_not_yet_trusted(identity, keys)}")
    return PlcError(f"{what}: {error!r}")


def _not_yet_trusted(identity: Identity, keys: KeyFolder) -> str:
    ours = identity.certificate
    return (
        f"daozha's certificate is not yet trusted in the PLC: trust the one with SHA-1 {sha1(ours)}, SHA-256"
        f" {sha256(ours)} there; the file is {keys.exported}"
    )
