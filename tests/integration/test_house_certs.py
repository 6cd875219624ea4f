"""`daozha certs` and `daozha check`: a technician makes a secured OPC UA link, step by step, against a virtual PLC."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plc.sim.guard import CLIENTS
from plc.ua.certificate import sha256
from plc.ua.keys import KeyFolder
from scada.__main__ import main
from scada.sim.trial.ports import free_port
from tests.support.house import ROOT, site_beside
from tests.support.plc import SHIPPED, virtual_plc
from tests.support.ua import STRONG, keep, pair, two_ends

Out = pytest.CaptureFixture[str]


def secured_site(folder: Path, port: int) -> Path:
    table = (SHIPPED / "devices.csv").read_text(encoding="utf-8")
    table = table.replace(",4840,,,,,,2000,,,,,0", f",4840,,,,,,2000,,,,{STRONG},0").replace(",4840,", f",{port},")
    (folder / "devices.csv").write_text(table, encoding="utf-8")
    devices = ('devices = "plc/sim/devices.csv"', 'devices = "devices.csv"')
    return site_beside(folder, devices, ("virtual = true", 'virtual = true\ndata = "data"'))


def certs(site: Path, *words: str) -> int:
    return main(["certs", *words, "--config", str(site)])


@asynccontextmanager
async def secured_plc(folder: Path, port: int) -> AsyncIterator[KeyFolder]:
    """Run a virtual PLC that knows nobody."""
    link = await asyncio.to_thread(two_ends, folder)
    where = link.site.devices["ua1"]
    object.__setattr__(where, "port", port)
    async with virtual_plc(link.site, "ua1", folder / "sim"):
        yield link.theirs


async def test_a_technician_is_led_to_a_link_that_both_sides_trust(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    site = await asyncio.to_thread(secured_site, tmp_path, port)
    async with secured_plc(tmp_path / "elsewhere", port) as theirs:
        assert await asyncio.to_thread(certs, site, "trust", "ua1") == 1
        assert sha256(pair("plc").certificate) in capsys.readouterr().out
        assert await asyncio.to_thread(certs, site, "trust", "ua1", "--thumbprint", "AB:CD") == 1
        assert await asyncio.to_thread(certs, site, "list") == 0
        assert "nothing is trusted yet" in capsys.readouterr().out
        thumbprint = sha256(pair("plc").certificate).replace(":", " ").lower()
        assert await asyncio.to_thread(certs, site, "trust", "ua1", "--thumbprint", thumbprint) == 0
        assert await asyncio.to_thread(certs, site, "show") == 0
        ours = await asyncio.to_thread(KeyFolder(tmp_path / "data").known)
        assert ours is not None
        assert sha256(ours.certificate) in capsys.readouterr().out
        await asyncio.to_thread(main, ["check", "--online", "--config", str(site)])
        assert "not yet trusted in the PLC" in "".join(capsys.readouterr()).replace("\n", " ")
        await asyncio.to_thread(theirs.trust, CLIENTS, ours.certificate)
        await asyncio.to_thread(main, ["check", "--online", "--config", str(site)])
        assert f"connected with {STRONG}" in "".join(capsys.readouterr()).replace("\n", " ")
        monkeypatch.setattr(sys, "stdin", io.StringIO("secret 1\n"))
        assert await asyncio.to_thread(certs, site, "login", "ua1", "--user", "plant") == 0
        kept = await asyncio.to_thread(KeyFolder(tmp_path / "data").login, "ua1")
        assert kept is not None
        assert (kept.user, kept.password) == ("plant", "secret 1")
        assert await asyncio.to_thread(certs, site, "login", "ua1", "--forget") == 0
        assert await asyncio.to_thread(certs, site, "untrust", "ua1", "--thumbprint", thumbprint) == 0
        assert await asyncio.to_thread(certs, site, "untrust", "ua1", "--thumbprint", thumbprint) == 1


def test_a_file_of_an_authority_is_trusted_without_asking_anybody(tmp_path: Path, capsys: Out) -> None:
    site = secured_site(tmp_path, free_port())
    file = tmp_path / "authority.pem"
    file.write_bytes(pair("authority").to_pem().partition(b"-----END PRIVATE KEY-----\n")[2])
    thumbprint = sha256(pair("authority").certificate)
    assert certs(site, "trust", "ua1", "--file", str(file), "--thumbprint", thumbprint) == 0
    assert certs(site, "list") == 0
    assert thumbprint in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("trust", "plc1"), "there is no OPC UA device"),
        (("trust", "ua1", "--file", "nothing.der"), "no certificate"),
        (("trust", "ua1"), "for its endpoints"),
    ],
)
def test_what_cannot_be_done_ends_with_2(tmp_path: Path, capsys: Out, words: tuple[str, ...], told: str) -> None:
    assert certs(secured_site(tmp_path, free_port()), *words) == 2
    assert told in capsys.readouterr().err


def test_a_device_without_security_has_nothing_to_trust(tmp_path: Path, capsys: Out) -> None:
    assert main(["certs", "trust", "ua1", "--config", str(ROOT / "config.toml")]) == 2
    assert "has no security" in capsys.readouterr().err


def test_a_login_is_forgotten_even_where_the_device_has_no_security_any_more(tmp_path: Path, capsys: Out) -> None:
    site, keys = secured_site(tmp_path, free_port()), KeyFolder(tmp_path / "data")
    keys.keep_login("ua1", "plant", "secret 1")
    table = (tmp_path / "devices.csv").read_text(encoding="utf-8")
    (tmp_path / "devices.csv").write_text(table.replace(STRONG, ""), encoding="utf-8")
    assert main(["check", "--config", str(site)]) == 2
    assert "daozha certs login ua1 --forget" in "".join(capsys.readouterr()).replace("\n", " ")
    assert certs(site, "login", "ua1", "--forget") == 0
    assert main(["check", "--config", str(site)]) == 0


def test_check_tells_who_is_not_trusted_and_what_ends_soon(tmp_path: Path, capsys: Out) -> None:
    site, keys = secured_site(tmp_path, free_port()), KeyFolder(tmp_path / "data")
    words = ["check", "--config", str(site)]
    assert main(words) == 0
    assert "no certificate of ua1 is trusted yet" in "".join(capsys.readouterr()).replace("\n", " ")
    keys.trust("ua1", pair("soon", timedelta(days=10)).certificate)
    keep(keys, pair("daozha"))
    assert main(words) == 0
    assert "ends in 9 days" in "".join(capsys.readouterr())
    keep(keys, pair("old", timedelta(seconds=-1)))
    assert main(words) == 2
    assert "our own certificate ended on" in "".join(capsys.readouterr()).replace("\n", " ")
    keys.renew(datetime.now(UTC))
    keys.login_file("ua1").parent.mkdir()
    keys.login_file("ua1").write_text("plant\n")
    keys.login_file("ua1").chmod(0o600)
    assert main(words) == 2
    assert "two lines" in "".join(capsys.readouterr())
