"""A secured OPC UA link with real cryptography: who is let in, who is not, and what a technician is told."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError
from cryptography.hazmat.primitives.serialization import Encoding

from plc.sim.guard import CLIENTS
from plc.ua.certificate import sha1, sha256
from plc.ua.keys import KeyFolder
from plc.ua.security import MODES, POLICIES
from scada.model.device import LinkState
from scada.model.tag import Quality, TagName
from scada.ports import PlcError
from tests.support.plc import running, until
from tests.support.ua import STRONG, Authority, Ends, keep, log_in, pair, two_ends

SEEN = TagName("out1.plc.boot")
EVERY = [f"{policy}/{mode}" for policy in POLICIES for mode in MODES]


async def ends(folder: Path, security: str = STRONG, *, known: bool = True) -> Ends:
    made = await asyncio.to_thread(two_ends, folder, security)
    if known:
        await asyncio.to_thread(made.introduce)
    return made


@pytest.mark.parametrize("security", EVERY)
async def test_who_trusts_one_another_reads_and_writes_by_every_policy(tmp_path: Path, security: str) -> None:
    link = await ends(tmp_path, security)
    driver = link.driver
    async with link.plc() as plc, running(driver):
        await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)
        await driver.write(TagName("out1.hb.server"), 1)
        await until(lambda: plc.memories["out1"].inputs.heartbeat == 1)
    assert driver.figures().certificate_days == 399


async def test_a_server_that_nobody_has_trusted_is_refused_and_its_thumbprint_told(tmp_path: Path) -> None:
    link = await ends(tmp_path, known=False)
    await asyncio.to_thread(link.they_trust, pair("daozha"))
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: link.sink.quality(SEEN) is Quality.CONFIGURATION)
        figures = driver.figures()
        assert figures.state is LinkState.REFUSED
        assert sha256(pair("plc").certificate) in figures.why
        assert sha1(pair("plc").certificate) in figures.why
        assert "daozha certs trust ua1" in figures.why
        with pytest.raises(PlcError, match="not sent"):
            await driver.write(TagName("out1.hb.server"), 1)
        await asyncio.to_thread(link.we_trust, pair("plc"))
        await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)
    assert driver.figures().certificate_days == 399


async def test_a_plc_that_does_not_trust_us_is_told_with_our_thumbprint(tmp_path: Path) -> None:
    link = await ends(tmp_path, known=False)
    await asyncio.to_thread(link.we_trust, pair("plc"))
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: "not yet trusted in the PLC" in driver.figures().why)
        assert sha1(pair("daozha").certificate) in driver.figures().why
        assert str(link.ours.exported) in driver.figures().why
        assert link.sink.quality(SEEN) is Quality.CONFIGURATION
        await asyncio.to_thread(link.they_trust, pair("daozha"))
        await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)


async def test_another_server_in_the_trusted_ones_place_is_refused(tmp_path: Path) -> None:
    link = await ends(tmp_path)
    await asyncio.to_thread(keep, link.theirs, pair("impostor"))
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: "is not the one that is trusted" in driver.figures().why)
        assert sha256(pair("impostor").certificate) in driver.figures().why


async def test_who_shows_the_trusted_certificate_without_its_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plc.ua.client.HANDSHAKE_S", 0.5)
    link = await ends(tmp_path)
    thief = replace(pair("impostor"), certificate=pair("plc").certificate)
    await asyncio.to_thread(keep, link.theirs, thief)
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: driver.figures().errors)
        assert link.sink.quality(SEEN) is not Quality.GOOD
        assert driver.figures().connects == 0


async def test_a_certificate_trusted_for_one_device_is_a_stranger_to_another(tmp_path: Path) -> None:
    link = await ends(tmp_path)
    device = link.site.devices["ua1"]
    other = replace(link.site, devices={"ua1": replace(device, name="ua2")})
    driver = replace(link, site=other).driver
    async with link.plc(), running(driver):
        await until(lambda: "daozha certs trust ua2" in driver.figures().why)


async def test_security_that_the_server_does_not_offer_is_not_given_up(tmp_path: Path) -> None:
    link = await ends(tmp_path, "Basic256Sha256/Sign")
    device = link.site.devices["ua1"]
    asking = replace(link.site, devices={"ua1": replace(device, security="Aes256Sha256RsaPss/SignAndEncrypt")})
    driver = replace(link, site=asking).driver
    async with link.plc(), running(driver):
        await until(lambda: "it offers Basic256Sha256/Sign" in driver.figures().why)
        assert link.sink.quality(SEEN) is Quality.CONFIGURATION


async def test_a_password_goes_over_an_encrypted_channel_and_lets_in(tmp_path: Path) -> None:
    link = await ends(tmp_path)
    await asyncio.to_thread(log_in, link.theirs, CLIENTS, "plant\nsecret 1\n")
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: "refuses our login" in driver.figures().why)
        assert str(link.ours.login_file("ua1")) in driver.figures().why
        await asyncio.to_thread(log_in, link.ours, "ua1", "plant\nwrong\n")
        await until(lambda: driver.figures().errors >= 3)
        assert "refuses our login" in driver.figures().why
        await asyncio.to_thread(log_in, link.ours, "ua1", "plant\nsecret 1\n")
        await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)
    assert "secret 1" not in driver.figures().why


@pytest.mark.parametrize("security", ["", "Basic256Sha256/Sign"])
async def test_a_password_is_never_sent_where_it_can_be_read(tmp_path: Path, security: str) -> None:
    link = await ends(tmp_path, security)
    await asyncio.to_thread(log_in, link.ours, "ua1", "plant\nsecret 1\n")
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: "SignAndEncrypt only" in driver.figures().why)


@pytest.mark.parametrize(
    ("text", "mode", "told"), [("plant\nsecret\n", 0o644, "chmod 600"), ("plant secret\n", 0o600, "two lines")]
)
async def test_a_login_that_cannot_be_used_is_told(tmp_path: Path, text: str, mode: int, told: str) -> None:
    link = await ends(tmp_path)
    await asyncio.to_thread(log_in, link.ours, "ua1", text, mode)
    driver = link.driver
    async with running(driver):
        await until(lambda: told in driver.figures().why)
        assert driver.figures().state is LinkState.REFUSED


async def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    link = await ends(tmp_path)
    await asyncio.to_thread((link.ours.folder / "own.pem").chmod, 0o640)
    driver = link.driver
    async with running(driver):
        await until(lambda: "can be read by others" in driver.figures().why)


async def test_several_links_that_need_a_key_on_the_first_day_get_the_same(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    made = await asyncio.gather(*(asyncio.to_thread(KeyFolder(tmp_path).own, now) for _ in range(4)))
    assert len({one.certificate for one in made}) == 1


async def test_an_unknown_security_never_means_none(tmp_path: Path) -> None:
    link = await ends(tmp_path, "")
    device = link.site.devices["ua1"]
    asking = replace(link.site, devices={"ua1": replace(device, security="Basic256/Sign")})
    driver = replace(link, site=asking).driver
    async with link.plc(), running(driver):
        await until(lambda: "'Basic256/Sign' is unknown" in driver.figures().why)
        assert driver.figures().connects == 0


async def test_a_certificate_that_has_ended_is_refused_on_either_side(tmp_path: Path) -> None:
    link = await ends(tmp_path)
    await asyncio.to_thread(link.we_trust, pair("old", timedelta(seconds=-1)))
    await asyncio.to_thread(keep, link.theirs, pair("old"))
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: "the certificate of ua1 ended on" in driver.figures().why)
        await asyncio.to_thread(keep, link.ours, pair("old"))
        await until(lambda: "daozha certs renew" in driver.figures().why)


async def test_the_days_that_are_left_are_those_of_the_certificate_that_ends_first(tmp_path: Path) -> None:
    link = await ends(tmp_path, known=False)
    await asyncio.to_thread(keep, link.theirs, pair("soon", timedelta(days=10)))
    await asyncio.to_thread(link.introduce)
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)
        assert driver.figures().certificate_days == 9


async def test_a_renewed_certificate_keeps_key_and_name_and_is_used_at_the_next_connection(tmp_path: Path) -> None:
    link = await ends(tmp_path)
    old = pair("daozha")
    new = await asyncio.to_thread(link.ours.renew, datetime.now(UTC) + timedelta(hours=1))
    assert (new.uri, new.key.public_key()) == (old.uri, old.key.public_key())
    assert new.certificate.not_valid_after_utc > old.certificate.not_valid_after_utc
    assert await asyncio.to_thread(link.ours.exported.read_bytes) == new.certificate.public_bytes(Encoding.DER)
    await asyncio.to_thread(link.they_trust, new)
    driver = link.driver
    async with link.plc(), running(driver):
        await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)


async def test_what_a_trusted_authority_signed_passes_until_it_is_revoked(tmp_path: Path) -> None:
    link, authority = await ends(tmp_path, known=False), Authority.new()
    signed = authority.sign("signed")
    await asyncio.to_thread(keep, link.theirs, signed)
    await asyncio.to_thread(link.they_trust, pair("daozha"))
    await asyncio.to_thread(link.ours.trust, "ua1", Authority.new().certificate)
    driver = link.driver
    async with link.plc():
        async with running(driver):
            await until(lambda: "BadCertificateUntrusted" in driver.figures().why)
            await asyncio.to_thread(link.ours.trust, "ua1", authority.certificate)
            await until(lambda: link.sink.quality(SEEN) is Quality.GOOD)
        await asyncio.to_thread(link.ours.revoked.mkdir)
        await asyncio.to_thread((link.ours.revoked / "list.der").write_bytes, authority.revoke(signed))
        again = link.driver
        async with running(again):
            await until(lambda: "BadCertificateRevoked" in again.figures().why)


async def test_nobody_reads_a_secured_virtual_plc_without_security(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await ends(tmp_path)

    def any_endpoint(offered: list[ua.EndpointDescription], *_: object) -> ua.EndpointDescription:
        return offered[0]

    monkeypatch.setattr(Client, "find_endpoint", staticmethod(any_endpoint))
    async with link.plc():
        with pytest.raises(UaError, match=r"(?i)denied"):
            await Client(f"opc.tcp://127.0.0.1:{link.site.devices['ua1'].port}/").connect()
