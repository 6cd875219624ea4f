"""Who may connect to a virtual PLC over OPC UA: its own certificate, the clients it trusts, one user name.

Its keys lie as ours do, beside its memory: `sim/DEVICE/opcua/trusted/clients` holds the certificates of its clients,
and a file `logins/clients` asks for a user name and password.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import structlog
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from plc.map.devices import Device
from plc.ua.certificate import sha1
from plc.ua.keys import KeyFolder, Login
from plc.ua.security import parse_security

CLIENTS = "clients"

log = structlog.get_logger(__name__)


def keys_beside(store: Path) -> KeyFolder:
    """Give the key folder of the virtual PLC that keeps its memory in this file."""
    return KeyFolder(store.with_suffix(""), "virtual-plc")


def introduce(site: KeyFolder, plc: KeyFolder, device: str, now: datetime) -> None:
    """Let a site and a virtual PLC trust one another, as a technician does."""
    site.trust(device, plc.own(now).certificate)
    plc.trust(CLIENTS, site.own(now).certificate)


class Guard(UserManager):
    """The door of one virtual PLC."""

    def __init__(self, device: Device, keys: KeyFolder) -> None:
        self._device, self._keys = device, keys
        self._login: Login | None = None
        self._secured = False
        self._admitted: set[bytes] = set()

    async def secure(self, server: Server, now: datetime) -> None:
        """Let a server offer what the device table asks for, and nothing else."""
        security = parse_security(self._device.security)
        self._login = await asyncio.to_thread(self._keys.login, CLIENTS)
        server.set_identity_tokens([ua.AnonymousIdentityToken if self._login is None else ua.UserNameIdentityToken])
        if security is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            return
        self._secured = True
        identity = await asyncio.to_thread(self._keys.own, now)
        await server.set_application_uri(identity.uri)
        await server.load_certificate(identity.certificate.public_bytes(Encoding.DER), "der")
        key = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        await server.load_private_key(key, format="der")
        server.set_security_policy([ua.SecurityPolicyType[f"{security.policy}_{security.mode}"]])
        server.set_certificate_validator(self._admit)

    async def _admit(self, certificate: x509.Certificate, _client: ua.ApplicationDescription) -> None:
        """Refuse strangers, as a PLC does until a technician has moved their certificate."""
        trusted = await asyncio.to_thread(self._keys.trusted, CLIENTS)
        if not any(one.certificate == certificate for one in trusted):
            folder = self._keys.trusting(CLIENTS)
            log.warning("a stranger is refused", plc=self._device.name, sha1=sha1(certificate), trusted_in=str(folder))
            raise ServiceError(StatusCodes.BadCertificateUntrusted)
        self._admitted.add(certificate.public_bytes(Encoding.DER))

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: bytes | None = None,
    ) -> User | None:
        """Let in who knows the password, or anybody where none is asked for, over the channel of one that was admitted.

        The library opens a channel without security to whoever asks, whatever the endpoints say.
        """
        if self._secured and certificate not in self._admitted:
            return None
        if self._login is not None and (username, password) != (self._login.user, self._login.password):
            return None
        return User(role=UserRole.User)
