"""The key folder is its owner's alone, and a password is in no message."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plc.ua.certificate import make
from plc.ua.keys import KeyFolder, Login


@pytest.fixture
def _lenient() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_lenient")
def test_nobody_else_may_put_a_certificate_among_the_trusted_ones(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "data")
    stranger = make("plc", "urn:plc", ["plc"], datetime(2026, 5, 1, tzinfo=UTC)).certificate
    keys.trust("plc1", stranger)
    keys.keep_login("plc1", "daozha", "secret")
    keys.keep_stranger(stranger)
    folders = [keys.folder, *(path for path in keys.folder.rglob("*") if path.is_dir())]
    assert {path.name for path in folders} == {"opcua", "trusted", "plc1", "logins", "strangers"}
    assert [path for path in folders if path.stat().st_mode & 0o077] == []


def test_a_login_says_its_user_and_never_its_password() -> None:
    assert "secret" not in repr(Login("daozha", "secret"))
