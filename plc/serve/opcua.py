"""Our OPC UA server: read-only, encrypted, for clients whose certificate, name and password are known."""

import asyncio
from collections.abc import Mapping
from typing import Self

import structlog
from asyncua import ua
from asyncua.server.server import Server
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from plc.serve.catalogue import Served
from plc.serve.picture import Picture
from plc.serve.sessions import OnlyReading, Porter, ReadingServer
from plc.serve.space import Space
from plc.ua.bounds import bound_decoding
from plc.ua.keys import CLIENTS, KeyFolder, KeysError
from scada.bridge import Bridge, Value
from scada.clock import Clock
from scada.model.tag import TagName
from scada.settings.stores import ServeOpcUa, ServeSecurity

SHOW_S = 0.1
GUARD_S = 5.0
"""How often it is seen whether who is in may still be, and whom a person has trusted."""
SIGN_IN_S = 2.0
_POLICIES: Mapping[ServeSecurity, tuple[ua.SecurityPolicyType, ...]] = {
    "Aes256Sha256RsaPss": (ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,),
    "Aes128Sha256RsaOaep": (ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,),
    "Basic256Sha256": (ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,),
    "None": (ua.SecurityPolicyType.NoSecurity,),
}

log = structlog.get_logger(__name__)


class OpcUaServer:
    """Serves the picture; `async with`."""

    def __init__(
        self,
        settings: ServeOpcUa,
        catalogue: Mapping[TagName, Served],
        picture: Picture,
        bridge: Bridge,
        keys: KeyFolder,
        clock: Clock,
    ) -> None:
        self._settings, self._picture, self._bridge, self._keys, self._clock = settings, picture, bridge, keys, clock
        self._porter = Porter(settings, self._sign_in, clock.now)
        self._inner = ReadingServer(settings, self._porter)
        self._server = Server(iserver=self._inner)
        self._space = Space(self._server, catalogue)

    async def __aenter__(self) -> Self:
        """Build the nodes and listen. Raises KeysError, OSError."""
        bound_decoding()
        identity = await asyncio.to_thread(self._keys.own, self._clock.now())
        await self._server.init()
        self._server.set_endpoint(f"opc.tcp://{self._settings.host}:{self._settings.port}/daozha")
        self._server.set_server_name("daozha")
        await self._server.set_application_uri(identity.uri)
        key = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        await self._server.load_certificate(identity.certificate.public_bytes(Encoding.DER), "der")
        await self._server.load_private_key(key, None, "der")
        policies = [policy for name in self._settings.security for policy in _POLICIES[name]]
        self._server.set_security_policy(policies, OnlyReading())
        await self._space.build()
        await self._guard_once()
        await self._server.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Hang up."""
        await self._server.stop()

    async def run(self) -> None:
        """Show what changes, and guard the door, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show())
            group.create_task(self._guard())

    def _sign_in(self, name: str, password: str, address: str) -> bool:
        """Ask the plant; everybody here waits for that. The plant locks out who tries too often, at once."""
        asked: dict[str, object] = {"name": name, "password": password, "address": address}
        return isinstance(self._bridge.ask("let_in", asked, within_s=SIGN_IN_S), Value)

    async def _show(self) -> None:
        while True:
            if changes := self._picture.drain():
                await self._space.show(changes, self._clock.now())
            await asyncio.sleep(SHOW_S)

    async def _guard(self) -> None:
        while True:
            await asyncio.sleep(GUARD_S)
            try:
                await self._guard_once()
            except KeysError as error:
                log.error("the trusted certificates cannot be read", why=str(error))
            await self._send_away()

    async def _guard_once(self) -> None:
        """Take what a person has trusted meanwhile, and keep the strangers' certificates for him."""
        trusted = await asyncio.to_thread(self._keys.trusted, CLIENTS)
        self._porter.trusted = frozenset(one.certificate.public_bytes(Encoding.DER) for one in trusted)
        strangers, self._porter.strangers = self._porter.strangers, {}
        for certificate in strangers.values():
            await asyncio.to_thread(self._keys.keep_stranger, certificate)

    async def _send_away(self) -> None:
        """End the sessions of those who may no longer read: removed, or of another role now."""
        guests = self._inner.guests()
        if not guests:
            return
        reply = await asyncio.to_thread(self._bridge.ask, "still_in", {"names": list(guests)})
        if not isinstance(reply, Value) or not isinstance(reply.value, list):
            return
        for name in guests.keys() - set(reply.value):
            log.warning("an opc ua client was sent away", name=name)
            for session in guests[name]:
                await session.close_session(True)
