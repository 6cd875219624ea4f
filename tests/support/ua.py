"""Helpers of the OPC UA tests: a site and a virtual PLC that know one another, or do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua.crypto import cert_gen
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    Certificate,
    CertificateRevocationListBuilder,
    DNSName,
    GeneralName,
    RevokedCertificateBuilder,
    UniformResourceIdentifier,
)
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU

from plc.map.devices import Device
from plc.map.mapped import TagMap
from plc.opcua import OpcUaDriver
from plc.registers import Kind
from plc.sim.guard import CLIENTS, introduce
from plc.sim.machine import Machine
from plc.ua.certificate import Identity, make
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.sim.trial.ports import free_port
from tests.support.plc import Sink, only_device, shipped_map, virtual_plc

STRONG = "Basic256Sha256/SignAndEncrypt"
_PAIRS: dict[str, Identity] = {}


def pair(name: str, valid: timedelta = timedelta(days=400)) -> Identity:
    """Give a certificate with its key; making a key costs too much to do it in every test."""
    if name not in _PAIRS:
        _PAIRS[name] = make(name, f"urn:test:{name}", ["localhost"], datetime.now(UTC), valid)
    return _PAIRS[name]


@dataclass
class Ends:
    """Both ends of one link: the site's keys and the PLC's."""

    site: TagMap
    folder: Path
    ours: KeyFolder
    theirs: KeyFolder
    sink: Sink

    @property
    def driver(self) -> OpcUaDriver:
        """Make the site's driver."""
        (device,) = self.site.devices.values()
        return OpcUaDriver(device, self.site.tags, self.sink, SystemClock(), self.ours)

    def we_trust(self, identity: Identity) -> None:
        """Let the site trust a PLC's certificate."""
        self.ours.trust("ua1", identity.certificate)

    def they_trust(self, identity: Identity) -> None:
        """Let the PLC trust a client's certificate."""
        self.theirs.trust(CLIENTS, identity.certificate)

    def introduce(self) -> None:
        """Let each trust the other, as a technician does."""
        introduce(self.ours, self.theirs, "ua1", datetime.now(UTC))

    @asynccontextmanager
    async def plc(self) -> AsyncIterator[Machine]:
        """Run the PLC."""
        async with virtual_plc(self.site, "ua1", self.folder / "sim") as machine:
            yield machine


def two_ends(folder: Path, security: str = STRONG) -> Ends:
    """Make both ends, each with a certificate of its own; neither knows the other yet."""
    tag_map = only_device(shipped_map(), "ua1")
    site = replace(tag_map, devices={"ua1": replace(tag_map.devices["ua1"], security=security)})
    ours, theirs = KeyFolder(folder), KeyFolder(folder / "sim" / "ua1", "virtual-plc")
    keep(ours, pair("daozha"))
    keep(theirs, pair("plc"))
    return Ends(site, folder, ours, theirs, Sink())


def keep(keys: KeyFolder, identity: Identity) -> None:
    """Give a folder its key and certificate."""
    keys.folder.mkdir(parents=True, exist_ok=True)
    (keys.folder / "own.pem").touch(mode=0o600)
    (keys.folder / "own.pem").write_bytes(identity.to_pem())


def log_in(keys: KeyFolder, who: str, text: str, mode: int = 0o600) -> None:
    """Write a user name and password."""
    file = keys.login_file(who)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


@dataclass
class Authority:
    """Who signs the PLCs' certificates on a large site."""

    key: RSAPrivateKey
    certificate: Certificate

    @classmethod
    def new(cls) -> "Authority":
        key = cert_gen.generate_private_key()
        return cls(key, cert_gen.generate_self_signed_app_certificate(key, "Authority", {}, [], []))

    def sign(self, name: str) -> Identity:
        """Give a PLC a certificate."""
        key = pair(name).key
        names: list[GeneralName] = [UniformResourceIdentifier(f"urn:test:{name}"), DNSName("localhost")]
        asked = cert_gen.generate_app_certificate_signing_request(key, name, {}, names, [EKU.SERVER_AUTH])
        return Identity(cert_gen.sign_certificate_request(asked, self.certificate, self.key), key)

    def revoke(self, identity: Identity) -> bytes:
        """Give a revocation list with one certificate."""
        now = datetime.now(UTC)
        entry = RevokedCertificateBuilder().serial_number(identity.certificate.serial_number).revocation_date(now)
        crl = CertificateRevocationListBuilder().issuer_name(self.certificate.subject).last_update(now)
        crl = crl.next_update(now + timedelta(days=1)).add_revoked_certificate(entry.build())
        return crl.sign(self.key, SHA256()).public_bytes(Encoding.DER)


def opcua_site(folder: Path, secured: bool) -> tuple[Device, Ends]:
    """Give the shipped OPC UA device and both its ends, which know one another."""
    ends = two_ends(folder, STRONG if secured else "")
    ends.introduce()
    return ends.site.devices["ua1"], ends


def as_array(site: TagMap) -> TagMap:
    """Let the command go as one array of nine registers, where the PLC has no method."""
    tags = [replace(tag, kind=Kind.COMMAND) if tag.kind is Kind.METHOD else tag for tag in site.tags]
    return replace(site, tags=tuple(tags))


class Valve:
    """A cable between a driver and its PLC: shut, it swallows nothing and passes nothing, as a frozen server does."""

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self.connections = 0
        self._to = to_port
        self._forth, self._back = asyncio.Event(), asyncio.Event()
        self.open()
        self._tasks: set[asyncio.Task[None]] = set()

    def shut(self, *, forth: bool = True) -> None:
        """Let nothing through; with `forth` off, what the driver says still arrives, and only answers are lost."""
        if forth:
            self._forth.clear()
        self._back.clear()

    def open(self) -> None:
        """Let everything through, also what was held."""
        self._forth.set()
        self._back.set()

    async def __aenter__(self) -> "Valve":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        for source, sink, flows in ((reader, back, self._forth), (there, writer, self._back)):
            task = asyncio.create_task(self._pass(source, sink, flows))
            self._tasks.add(task)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, flows: asyncio.Event) -> None:
        try:
            while data := await source.read(65536):
                await flows.wait()
                sink.write(data)
        except ConnectionError:
            return
        finally:
            sink.close()
