"""Our OPC UA server in its own process: who is let in, what is read there, and that nothing is written."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua import uaerrors
from asyncua.ua.uaerrors import UaError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import update

from plc.ua.certificate import Identity, make
from plc.ua.keys import CLIENTS, KeyFolder
from scada.model.tag import Quality
from scada.sim.trial.ports import free_port
from scada.store.schema import operator
from tests.support.peers import PEERS
from tests.support.serving import FREE, HERTZ, MALL, PASSWORD, SPEED, STATE, UP, Plant, plant_that_serves, serving
from tests.support.store import until

URI = "urn:mall:bms"
SPACE = "urn:daozha:tags"
TRIES = 200


pytestmark = pytest.mark.asyncio(loop_scope="module")


def section(port: int, more: str) -> str:
    return f"[serve.opcua]\nport = {port}\n{more}"


async def client(
    port: int, identity: Identity | None, name: str = MALL, password: str = PASSWORD, policy: str = "Basic256Sha256"
) -> Client:
    """Make a client; it trusts the server it finds."""
    made = Client(f"opc.tcp://127.0.0.1:{port}/daozha", timeout=5)
    made.application_uri = URI
    if name:
        made.set_user(name)
        made.set_password(password)
    if identity is None:
        return made
    endpoints = await made.connect_and_get_server_endpoints()
    cipher = getattr(security_policies, f"SecurityPolicy{policy}")
    offered = next(one for one in endpoints if one.SecurityPolicyUri == cipher.URI)
    key = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    await made.set_security(
        cipher,
        CertProperties(identity.certificate.public_bytes(Encoding.DER), "der"),
        CertProperties(key, "der"),
        server_certificate=CertProperties(offered.ServerCertificate or b"", "der"),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    return made


@asynccontextmanager
async def connected(made: Client) -> AsyncIterator[Client]:
    async with asyncio.timeout(40):
        await made.connect()
    try:
        yield made
    finally:
        await made.disconnect()


async def refused(made: Client) -> str:
    """Try to connect and give how that ended."""
    try:
        async with asyncio.timeout(40):
            await made.connect()
    except (UaError, AssertionError, ConnectionError, TimeoutError) as error:
        made.disconnect_socket()
        return type(error).__name__
    await made.disconnect()
    return ""


async def read(link: Client, name: str) -> ua.DataValue:
    index = await link.get_namespace_index(SPACE)
    return await link.get_node(f"ns={index};s={name}").read_data_value(raise_on_bad_status=False)


async def shown(link: Client, name: str, value: object) -> ua.DataValue:
    """Wait until a node shows a value."""
    for _ in range(TRIES):
        data = await read(link, name)
        if data.Value is not None and data.Value.Value == value:
            return data
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name} shows {data}, not {value!r}")


def status(data: ua.DataValue) -> int:
    assert data.StatusCode is not None
    return data.StatusCode.value


@dataclass
class Site:
    """A plant whose tags are served: its clients, and where."""

    plant: Plant
    port: int
    mall: Identity
    stranger: Identity

    async def client(self, **how: str) -> Client:
        """Make a client of the mall's."""
        return await client(self.port, self.mall, **how)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server as it is shipped: encrypted."""
    mall, stranger = (make(name, URI, [name], datetime.now(UTC)) for name in ("mall", "stranger"))
    port = free_port()
    limits = "subscriptions = 1\nitems = 2\n"
    async with plant_that_serves(tmp_path_factory.mktemp("site"), section(port, limits)) as plant:
        await asyncio.to_thread(KeyFolder(plant.config.data).trust, CLIENTS, mall.certificate)
        async with serving(plant.file):
            yield Site(plant, port, mall, stranger)


async def test_values_come_with_status_and_times(site: Site) -> None:
    async with connected(await site.client()) as link:
        site.plant.say({UP: True, FREE: 70000, SPEED: 1.5, HERTZ: 40000, STATE: "Idle"})
        up = await shown(link, UP, True)
        assert status(up) == 0
        assert up.ServerTimestamp is not None
        assert up.SourceTimestamp is not None
        assert abs(datetime.now(UTC) - up.SourceTimestamp.replace(tzinfo=UTC)).total_seconds() < 60
        for name, value, kind in (
            (FREE, 70000, ua.VariantType.Int32),
            (SPEED, 1.5, ua.VariantType.Double),
            (HERTZ, 40000, ua.VariantType.UInt16),
            (STATE, "Idle", ua.VariantType.String),
        ):
            assert (await shown(link, name, value)).Value == ua.Variant(value, kind)
        site.plant.say({UP: None}, Quality.FAULT)
        assert status(await shown(link, UP, None)) == Quality.FAULT.status_code


async def test_nodes_stand_under_their_lane_with_unit_and_both_languages(site: Site) -> None:
    async with connected(await site.client()) as link:
        index = await link.get_namespace_index(SPACE)
        lane = await link.nodes.objects.get_child([f"{index}:Daozha", f"{index}:in1"])
        names = {(await node.read_browse_name()).Name for node in await lane.get_children()}
        assert names == {"gate.up", "boom.speed", "loop.approach_hz", "lane.state"}
        speed = await lane.get_child([f"{index}:boom.speed"])
        assert (await speed.read_description()).Text == "Speed of the boom"
        assert (await (await speed.get_child(["0:EngineeringUnits"])).read_value()).DisplayName.Text == "m/s"
        chinese = await (await speed.get_child([f"{index}:Description_zh"])).read_value()
        assert (chinese.Text, chinese.Locale) == ("杆速", "zh-CN")


class Heard:
    """What a subscription told."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def datachange_notification(self, node: object, value: object, data: object) -> None:
        self.values.append(value)


async def test_a_subscription_hears_of_changes_within_its_limits(site: Site) -> None:
    async with connected(await site.client()) as link:
        heard = Heard()
        subscription = await link.create_subscription(1, heard)
        assert subscription.parameters.RequestedPublishingInterval >= 100
        index = await link.get_namespace_index(SPACE)
        nodes = [link.get_node(f"ns={index};s={name}") for name in (FREE, SPEED, UP)]
        with pytest.raises(UaError):
            await subscription.subscribe_data_change(nodes)
        await subscription.subscribe_data_change(nodes[:2])
        site.plant.say({FREE: 6})
        await until(lambda: 6 in heard.values)
        with pytest.raises(UaError):
            await link.create_subscription(100, heard)
        await subscription.delete()


async def test_nothing_is_written_called_or_registered(site: Site) -> None:
    async with connected(await site.client()) as link:
        site.plant.say({UP: False})
        await shown(link, UP, False)
        index = await link.get_namespace_index(SPACE)
        with pytest.raises(UaError):
            await link.get_node(f"ns={index};s={UP}").write_value(ua.Variant(True, ua.VariantType.Boolean))
        with pytest.raises(UaError):
            await link.nodes.objects.add_object(index, "Mine")
        with pytest.raises(UaError):
            await link.nodes.server.call_method("0:GetMonitoredItems", ua.Variant(1, ua.VariantType.UInt32))
        with pytest.raises(UaError):
            await link.uaclient.register_server(ua.RegisteredServer(ServerNames=[ua.LocalizedText("mine")]))
        assert (await read(link, UP)).Value == ua.Variant(False, ua.VariantType.Boolean)


async def test_who_is_not_known_is_not_let_in(site: Site) -> None:
    assert await refused(await site.client(password="guessed")) == "BadUserAccessDenied"
    assert await refused(await site.client(name="li")) == "BadUserAccessDenied"
    assert await refused(await site.client(name="")) == "BadIdentityTokenRejected"
    assert await refused(await client(site.port, site.stranger)) == "BadCertificateUntrusted"
    async with connected(await site.client(policy="Aes256Sha256RsaPss")) as link:
        await read(link, UP)
    folder = site.plant.config.data / "opcua" / "strangers"
    await until(lambda: folder.exists() and any(folder.iterdir()))
    kept = [x509.load_der_x509_certificate(one.read_bytes()) for one in folder.iterdir()]
    assert kept == [site.stranger.certificate]


async def test_a_channel_without_security_is_good_for_nothing_but_looking_what_is_offered(site: Site) -> None:
    sly = await client(site.port, None)
    try:
        async with asyncio.timeout(40):
            await sly.connect_socket()
            await sly.send_hello()
            await sly.open_secure_channel()
            with suppress(UaError):  # the client itself finds no such endpoint; the server has made a session by then
                await sly.create_session()
            with pytest.raises(UaError):
                await sly.nodes.server_state.read_value()
            wanted = ua.ActivateSessionParameters()
            wanted.UserIdentityToken = ua.UserNameIdentityToken(
                PolicyId="username", UserName=MALL, Password=PASSWORD.encode()
            )
            with pytest.raises(uaerrors.BadSecurityPolicyRejected):
                await sly.uaclient.activate_session(wanted)
    finally:
        sly.disconnect_socket()


async def test_a_client_that_nobody_here_wrote_reads(site: Site, tmp_path: Path) -> None:
    await asyncio.to_thread(_write_identity, tmp_path, site.mall)
    async with connected(await site.client()) as link:
        site.plant.say({FREE: 12})
        site.plant.say({UP: None}, Quality.COMMUNICATION)
        await shown(link, FREE, 12)
        index = await link.get_namespace_index(SPACE)
    words = [f"ns={index};s={FREE}", f"ns={index};s={UP}"]
    said = await _foreign(tmp_path, site.port, PASSWORD, words)
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [(row["value"], row["status"]) for row in rows] == [(12, 0), (None, Quality.COMMUNICATION.status_code)], said
    assert rows[0]["source"] is not None
    assert "BadUserAccessDenied" in await _foreign(tmp_path, site.port, "guessed", words)


async def test_without_the_plant_all_is_bad_and_it_comes_back(site: Site) -> None:
    async with connected(await site.client()) as link:
        site.plant.say({FREE: 13})
        await shown(link, FREE, 13)
        await site.plant.leave()
        assert status(await shown(link, FREE, None)) == Quality.NOT_CONNECTED.status_code
        await site.plant.come_back()
        await shown(link, FREE, 13)


async def test_an_open_endpoint_keeps_names_limits_and_rights(tmp_path: Path) -> None:
    port = free_port()
    more = 'security = ["None"]\nsessions = 1\n'
    async with plant_that_serves(tmp_path, section(port, more)) as plant, serving(plant.file):
        assert await refused(await client(port, None, password="guessed")) == "BadUserAccessDenied"
        made = await client(port, None)
        async with asyncio.timeout(40):
            await made.connect()
        assert await refused(await client(port, None)) == "BadMaxConnectionsReached"
        plant.say({FREE: 3})
        await shown(made, FREE, 3)
        await _make_auditor(plant)
        with pytest.raises((UaError, ConnectionError)):
            await _read_on(made)
        made.disconnect_socket()


async def _make_auditor(plant: Plant) -> None:
    """Take the right to read from the mall."""
    changed = update(operator).where(operator.c.name == MALL).values(role="auditor")
    await plant.db.write(lambda connection: connection.execute(changed) and None)


async def _read_on(link: Client) -> None:
    for _ in range(2 * TRIES):
        await read(link, FREE)
        await asyncio.sleep(0.05)


def _write_identity(folder: Path, identity: Identity) -> None:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(key)
    (folder / "certificate.pem").write_bytes(identity.certificate.public_bytes(Encoding.PEM))


async def _foreign(folder: Path, port: int, password: str, nodes: list[str]) -> str:
    url = f"opc.tcp://127.0.0.1:{port}/daozha"
    files = (str(folder / "certificate.pem"), str(folder / "key.pem"))
    process = await asyncio.create_subprocess_exec(
        "node", str(PEERS / "node_opcua_client.js"), url, MALL, password, *files, *nodes,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HOME": str(folder), "APPLICATION_URI": URI},
    )  # fmt: skip
    async with asyncio.timeout(90):
        said, _ = await process.communicate()
    return said.decode(errors="replace")
