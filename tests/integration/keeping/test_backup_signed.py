"""A backup that somebody else has made, or changed and made whole again, is not taken for the site's own."""

import base64
import hashlib
import json
import shutil
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scada.__main__ import main
from scada.backup import BackupError, manifest, signature
from scada.backup.verify import Trial
from scada.config import load
from tests.integration.keeping.test_backup import JPEG, KEY, PUBLIC, House, Quick

MAP = "data/maps/0001/map"


def rewritten(backup: Path, place: str, content: bytes) -> None:
    """Change a file and its line in the manifest, as whoever can write to that disk would."""
    (backup / place).unlink()
    (backup / place).write_bytes(content)
    told = json.loads((backup / manifest.NAME).read_text())
    entry = next(one for one in told["entries"] if one["path"] == place)
    entry.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    (backup / manifest.NAME).write_text(json.dumps(told))


def test_a_backup_that_was_changed_and_made_whole_again_is_refused(tmp_path: Path) -> None:
    house = House(tmp_path)
    made = house.backup()
    rewritten(made.folder, MAP, b"tag,address\nin1.gate.open,HR9\n")
    assert Trial(made.folder, None, tmp_path, pace=Quick()).run().faults == ()
    for work in (Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run, lambda: house.restore(made.folder)):
        with pytest.raises(BackupError, match="the signature does not hold"):
            work()
    assert not (tmp_path / "back").exists()


def test_a_backup_without_a_signature_is_taken_only_if_a_person_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(tmp_path)
    folder = house.backup().folder
    (folder / signature.SIGNATURE).unlink()
    with pytest.raises(BackupError, match=r"it is not signed; .*--unsigned"):
        house.restore(folder)
    (tmp_path / "public.pem").write_text(signature.public_pem(PUBLIC))
    words = ["restore", str(folder), "--to", str(tmp_path / "back")]
    assert main([*words, "--key", str(tmp_path / "public.pem")]) == 2
    assert not (tmp_path / "back").exists()
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert main([*words, "--unsigned"]) == 0
    assert "its signature is not looked at" in capsys.readouterr().err


def test_a_backup_of_another_key_is_refused_by_name(tmp_path: Path) -> None:
    made = House(tmp_path).backup()
    other = Ed25519PrivateKey.generate()
    with pytest.raises(BackupError, match=r"signed by the key SHA256:.*, not by SHA256:"):
        signature.check(made.folder, other.public_key())
    (made.folder / signature.SIGNATURE).write_bytes(signature.sign(other, (made.folder / manifest.NAME).read_bytes()))
    with pytest.raises(BackupError, match="signed by the key"):
        signature.check(made.folder, PUBLIC)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 9000, b'{"key": "x", "signature": "?"}', b"[" * 3000])
def test_what_is_no_signature_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / manifest.NAME).write_bytes(b"{}")
    (tmp_path / signature.SIGNATURE).write_bytes(content)
    with pytest.raises(BackupError, match="no signature"):
        signature.check(tmp_path, PUBLIC)


def test_pictures_are_not_shared_with_a_backup_that_is_not_ours(tmp_path: Path) -> None:
    house = House(tmp_path)
    first = house.backup()
    picture = next(entry.path for entry in first.manifest.entries if entry.path.endswith(".jpg"))
    assert house.backup(1).linked == 3
    last = house.backup(2)
    for folder in (first.folder, last.folder):
        rewritten(folder, picture, JPEG + b"forged.")
    again = house.backup(3)
    assert again.linked == 0
    assert (again.folder / picture).read_bytes() == (house.data / picture.removeprefix("data/")).read_bytes()


@pytest.mark.parametrize("place", [MAP, "data/maps"])
def test_a_link_in_a_backup_is_not_followed(tmp_path: Path, place: str) -> None:
    house = House(tmp_path)
    made = house.backup()
    held = made.folder / place
    aside = tmp_path / "aside"
    shutil.move(held, aside)
    held.symlink_to(aside)
    faults = Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults
    assert "a link leads there" in faults[0]


def test_the_site_makes_its_key_once_and_for_itself(tmp_path: Path) -> None:
    house = House(tmp_path)
    with pytest.raises(BackupError, match="has signed no backup yet"):
        signature.known_public(house.config)
    key = signature.signing_key(house.config)
    path = house.data / "keys" / "backup.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = signature.signing_key(house.config).public_key()
    assert signature.fingerprint(again) == signature.fingerprint(key.public_key())
    path.chmod(0o644)
    with pytest.raises(BackupError, match="others than its owner can read it"):
        signature.signing_key(house.config)


def test_a_key_that_is_named_is_not_made(tmp_path: Path) -> None:
    House(tmp_path)
    with (tmp_path / "config.toml").open("a") as file:
        file.write('\n[backup]\nkey_file = "keys/own.pem"\n')
    config = load(tmp_path / "config.toml")
    with pytest.raises(BackupError, match="cannot be read"):
        signature.signing_key(config)
    assert not (config.data / "keys" / "own.pem").exists()


def test_a_signature_of_something_else_is_none_of_a_backup(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).write_bytes(b"{}")
    told = json.loads(signature.sign(KEY, b"{}"))

    told["signature"] = base64.b64encode(KEY.sign(b"{}")).decode()
    (tmp_path / signature.SIGNATURE).write_text(json.dumps(told))
    with pytest.raises(BackupError, match="does not hold"):
        signature.check(tmp_path, PUBLIC)


def test_the_file_of_the_key_itself_will_do_for_its_public_half(tmp_path: Path) -> None:
    house = House(tmp_path)
    key = signature.signing_key(house.config).public_key()
    read = signature.read_public(signature.key_file(house.config))
    assert signature.fingerprint(read) == signature.fingerprint(key)
    signature.key_file(house.config).chmod(0o644)
    with pytest.raises(BackupError, match="others than its owner can read it"):
        signature.read_public(signature.key_file(house.config))


@pytest.mark.parametrize("path", ["../x", "/etc/x", "data/../../x", "", ".", "data/a\nb"])
def test_a_manifest_that_names_a_file_elsewhere_is_none(tmp_path: Path, path: str) -> None:
    made = House(tmp_path).backup()
    told = json.loads((made.folder / manifest.NAME).read_text())
    told["entries"][0]["path"] = path
    (made.folder / manifest.NAME).write_text(json.dumps(told))
    with pytest.raises(BackupError, match="1 mistakes"):
        manifest.read(made.folder)
