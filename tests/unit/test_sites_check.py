"""`daozha check` and `daozha sites`: certificates and addresses between plants and control rooms at other places."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.check import Mistake, Severity, check
from tests.support.house import site_beside

Write = Callable[..., Path]
Out = pytest.CaptureFixture[str]
DATA = ("virtual = true", 'virtual = true\ndata = "data"')
ROOM = '[[rooms.allowed]]\nname = "hq"\n'
NORTH = '[[plants]]\nname = "north"\ntitle = "北区"\ntitle_en = "North"\naddress = "127.0.0.1:7443"\nport = {}\n'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes the shipped file with a section more."""

    def work(text: str) -> Path:
        return partial(site_beside, tmp_path)(DATA, ("\n[sim] ", f"\n{text}\n[sim] "))

    return work


def of_sites(file: Path) -> list[Mistake]:
    return [one for one in check(file) if one.key.partition(".")[0].partition("[")[0] in ("rooms", "plants")]


def test_a_site_that_follows_the_page_step_by_step_has_nothing_to_complain_of(
    write: Write, tmp_path: Path, capsys: Out
) -> None:
    site, authority = write(f"[rooms]\n{ROOM}{NORTH.format(8101)}"), tmp_path / "authority"
    assert {one.severity for one in of_sites(site)} == {Severity.ERROR}, "no certificate is there yet"
    assert main(["sites", "authority", "--folder", str(authority)]) == 0
    assert main(["sites", "authority", "--folder", str(authority)]) == 2, "an authority is not made over"
    for name, more in (("north", ["--host", "10.8.0.11", "--host", "north.example"]), ("hq", [])):
        assert main(["sites", "issue", name, "--folder", str(authority), *more]) == 0
        shutil.copytree(authority / name, tmp_path / "data" / "sites", dirs_exist_ok=True)
    assert of_sites(site) == []
    capsys.readouterr()
    assert main(["sites", "show", "--config", str(site)]) == 0
    told = capsys.readouterr().out
    assert "hq" in told
    assert "north" in told
    (tmp_path / "data" / "sites" / "room.key").chmod(0o640)
    (wrong,) = of_sites(site)
    assert "chmod 600" in wrong.what


def test_a_certificate_that_ends_soon_or_is_of_another_authority_is_told(write: Write, tmp_path: Path) -> None:
    site = write(NORTH.format(8101))
    for name, days in (("one", "20"), ("two", "900")):
        main(["sites", "authority", "--folder", str(tmp_path / name)])
        main(["sites", "issue", "hq", "--folder", str(tmp_path / name), "--days", days])
    here = tmp_path / "data" / "sites"
    shutil.copytree(tmp_path / "one" / "hq", here)
    (soon,) = of_sites(site)
    assert (soon.severity, "ends in 19 days" in soon.what) == (Severity.WARNING, True)
    shutil.copy(tmp_path / "two" / "hq" / "ca.pem", here / "ca.pem")
    (foreign,) = of_sites(site)
    assert (foreign.severity, "is not signed by" in foreign.what) == (Severity.ERROR, True)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (NORTH.format(8101) * 2, "plants[1].name", "named twice"),
        (NORTH.format(8081), "plants[0].port", "already the port of web.public.port"),
        (NORTH.format(8101).replace(":7443", ""), "plants[0].address", "right form"),
        (f"{NORTH.format(8101)}url = 'https://north.example'\n", "plants[0].url", "cannot lead back"),
        (f"[rooms]\n{ROOM}roles = ['administrator']\n", "rooms.allowed[0].roles", "administrators may work"),
        (f"[rooms]\n{ROOM}fingerprint = 'AB:CD'\n", "rooms.allowed[0].fingerprint", "right form"),
        ("[rooms]\nport = 7443\n", "rooms.allowed", "is missing"),
    ],
)
def test_each_mistake_is_named_with_its_key(write: Write, text: str, key: str, words: str) -> None:
    found = [(one.key, one.what) for one in of_sites(write(text))]
    assert any(named == key and words in what for named, what in found), found


@pytest.mark.parametrize("name", ["HQ", "../hq", "hq room", ""])
def test_a_name_that_no_configuration_could_name_is_not_signed(tmp_path: Path, name: str) -> None:
    main(["sites", "authority", "--folder", str(tmp_path)])
    assert main(["sites", "issue", name, "--folder", str(tmp_path)]) == 2
