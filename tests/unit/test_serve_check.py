"""What `daozha check` says of [serve], and the published map that `daozha serve map` writes."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from plc.ua.certificate import make, sha1, sha256
from plc.ua.keys import CLIENTS, KeyFolder
from scada.__main__ import main
from scada.check import Mistake, Severity, check
from scada.config import load
from tests.support.house import site_beside

SITE = "[limits]"
Write = Callable[[str], Path]
Out = pytest.CaptureFixture[str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes the shipped config.toml with a [serve] section."""
    site = partial(site_beside, tmp_path)
    data = ('# data = "/var/lib/daozha"', f'data = "{tmp_path / "data"}" #')
    return lambda section: site((SITE, f"{section}\n{SITE}"), data)


def said(file: Path) -> list[Mistake]:
    return [one for one in check(file) if one.key.startswith("serve") or one.file.name == "modbus.csv"]


def test_a_sound_section_is_good(write: Write) -> None:
    assert said(write('[serve]\ntags = ["*.gate.*", "zone.*"]\n[serve.opcua]\nport = 4841')) == []


@pytest.mark.parametrize(
    ("section", "key", "words"),
    [
        ("[serve]\n[serve.opcua]", "serve.tags", "is missing"),
        ('[serve]\ntags = ["*"]\n[serve.opcua]\nhost = "0.0.0.0"\nsecurity = ["None"]', "serve.opcua.security", "None"),
        ('[serve]\ntags = ["*"]\n[serve.opcua]\nport = 8080', "serve.opcua.port", "web.control"),
        ('[serve]\ntags = ["*"]\n[serve.modbus]\nmap = "modbus.csv"', "serve.modbus.map", "modbus.csv"),
        ('[serve]\ntags = ["*"]\n[serve.modbus]\nmap = "m.csv"\nallow = ["mall"]', "serve.modbus.allow", "no network"),
        ('[serve]\ntags = ["*"]\n[serve.opcua]\nusers = []', "serve.opcua.users", "no key"),
    ],
)
def test_a_mistake_is_told_with_its_key(write: Write, section: str, key: str, words: str) -> None:
    errors = {one.key: one.what for one in said(write(section)) if one.severity is Severity.ERROR}
    assert words in errors[key]


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ('[serve]\ntags = ["out9.*"]', "serve.tags"),
        ('[serve]\ntags = ["*.plate.text"]', "serve.tags"),
        ('[serve]\ntags = ["*.cmd"]', "serve.tags"),
        ('[serve]\ntags = ["*"]\n[serve.modbus]\nmap = "modbus.csv"\nhost = "0.0.0.0"', "serve.modbus.host"),
    ],
)
def test_what_will_not_do_what_was_meant_is_doubted(write: Write, section: str, key: str) -> None:
    assert (key, Severity.WARNING) in {(one.key, one.severity) for one in said(write(section))}


def test_the_map_is_made_checked_and_only_ever_appended_to(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = '[serve]\ntags = ["in1.gate.*"]\n[serve.modbus]\nmap = "modbus.csv"'
    file = write(section)
    assert main(["serve", "map", "--config", str(file), "--write"]) == 0
    first = (tmp_path / "modbus.csv").read_text("utf-8")
    assert "in1.gate.up,bool,DI" in first
    assert "in1.gate.open_request" not in first
    assert said(file) == []

    file = write(section.replace("in1.gate", "*.gate"))
    capsys.readouterr()
    assert main(["serve", "map", "--config", str(file)]) == 0
    second = capsys.readouterr().out
    assert second.startswith(first)
    assert "out1.gate.up,bool,DI" in second
    assert (tmp_path / "modbus.csv").read_text("utf-8") == first

    (tmp_path / "modbus.csv").write_text(first.replace(",IR2,", ",IR1,"), "utf-8")
    assert [(one.line, one.key) for one in said(file)] == [(2, "address")]
    assert main(["serve", "map", "--config", str(file)]) == 2


def test_a_map_that_cannot_be_read_or_written_is_told(write: Write, tmp_path: Path, capsys: Out) -> None:
    file = write('[serve]\ntags = ["in1.gate.*"]\n[serve.modbus]\nmap = "none/modbus.csv"')
    assert main(["serve", "map", "--config", str(file), "--write"]) == 2
    assert "cannot be written: No such file" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "modbus.csv").write_bytes(b"\x80\x81\xff")
    assert main(["serve", "map", "--config", str(file)]) == 2
    assert "neither UTF-8 nor GB18030" in capsys.readouterr().err


def test_a_site_that_serves_nothing_has_no_map(write: Write) -> None:
    assert main(["serve", "map", "--config", str(write(""))]) == 2


def test_a_refused_client_is_trusted_by_its_thumbprint_and_only_by_that(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write("")
    keys = KeyFolder(load(file).data)
    client = make("mall", "urn:mall", ["mall"], datetime.now(UTC)).certificate
    keys.keep_stranger(client)
    site = ["--config", str(file)]
    assert main(["serve", "clients", *site]) == 0
    assert sha256(client) in capsys.readouterr().out
    assert main(["serve", "trust", "--thumbprint", "00" * 32, *site]) == 1
    assert keys.trusted(CLIENTS) == []
    assert main(["serve", "trust", "--thumbprint", sha256(client).lower(), *site]) == 0
    assert [one.certificate for one in keys.trusted(CLIENTS)] == [client]
    assert keys.strangers() == []
    assert main(["serve", "distrust", "--thumbprint", sha1(client), *site]) == 0
    assert keys.trusted(CLIENTS) == []
    assert main(["serve", "distrust", "--thumbprint", sha1(client), *site]) == 1
