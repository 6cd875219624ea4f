"""Secrets come from files that their owner alone can read, or from systemd's credentials; from nowhere else."""

from pathlib import Path

import pytest

from billing.pay.keys import _apiv3_key
from scada.config import load
from scada.ports import BillingError
from scada.secretfile import read_secret
from tests.support.house import ROOT, site_beside

SERVICE = Path(__file__).parents[2] / "docs" / "install" / "daozha.service"


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which systemd hands out a service's credentials."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def put(folder: Path, name: str, mode: int) -> Path:
    path = folder / name
    path.write_text("the secret\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o620])
def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    with pytest.raises(PermissionError, match="chmod 600"):
        read_secret(put(tmp_path, "key", mode))


def test_a_credential_of_systemd_is_a_secret_by_its_name(credentials: Path) -> None:
    put(credentials, "mail", 0o400)
    config = load(ROOT / "config.toml")
    assert read_secret(config.secret("credential:mail")) == "the secret"


def test_the_access_list_by_which_systemd_lets_the_service_read_is_no_fault(credentials: Path) -> None:
    assert read_secret(put(credentials, "mail", 0o440)) == "the secret"
    for mode in (0o444, 0o460):
        with pytest.raises(PermissionError):
            read_secret(put(credentials, "mail", mode))


@pytest.mark.parametrize("name", ["../mail", "/etc/passwd", "a/../../mail"])
def test_a_credential_is_a_name_and_no_path(credentials: Path, name: str) -> None:
    assert load(ROOT / "config.toml").secret(f"credential:{name}").parent == credentials


def test_without_systemd_a_credential_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(FileNotFoundError):
        read_secret(load(ROOT / "config.toml").secret("credential:mail"))


def test_wechats_keys_may_be_credentials_too(credentials: Path, tmp_path: Path) -> None:
    put(credentials, "apiv3", 0o444)
    named = ('apiv3_key_file = "wechat/apiv3_key.txt"', 'apiv3_key_file = "credential:apiv3"')
    config = load(site_beside(tmp_path, named))
    with pytest.raises(BillingError, match="can be read by others"):
        _apiv3_key(config.secret(config.wechat.apiv3_key_file))
    (credentials / "apiv3").chmod(0o440)
    with pytest.raises(BillingError, match="this one has 10"):
        _apiv3_key(config.secret(config.wechat.apiv3_key_file))


def test_no_secret_is_taken_from_the_environment() -> None:
    """The environment is seen by whoever may look at the process, and goes to every child."""
    names = ("PASSWORD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PASSWD")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for source in ("scada", "plc", "lpr", "billing", "hmi")
        for path in sorted((ROOT / source).rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if ("environ" in line or "getenv" in line) and any(name in line.upper() for name in names)
    ]
    assert found == []


def test_the_unit_shows_how_a_credential_is_given() -> None:
    assert "LoadCredential=" in SERVICE.read_text()
