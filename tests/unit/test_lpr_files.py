"""Pictures kept as evidence, sources, and the words between plant and camera process."""

import io
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from lpr.evidence import Named, PictureStore, named
from lpr.process.wire import (
    Beat,
    CaptureAnswer,
    CaptureOrder,
    Enough,
    Looked,
    Reads,
    Relearn,
    Settings,
    SnapshotAnswer,
    SnapshotOrder,
    WireError,
    Word,
    encode,
    order_from,
    settings_from,
    word_from,
)
from lpr.sim import qr
from lpr.source import load_picture, picture_of
from scada.model.names import PassageId, PictureId
from scada.ports import PictureError
from tests.support.lpr import guess

AT = datetime(2025, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def test_a_kept_picture_can_be_read_back_by_its_id(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    picture = store.keep(b"jpeg", AT)
    assert picture.startswith("20250102T030405678-")
    assert store.read(picture) == b"jpeg"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [picture]
    assert store.keep(b"jpeg", AT) != picture


def test_a_picture_is_named_by_its_passage_and_says_where_plates_are(tmp_path: Path) -> None:
    store, plate = PictureStore(tmp_path), guess("京A12345", 0.9).corners
    picture = store.keep(b"jpeg", AT, "in-1-20250102030400-17", "exit", [plate])
    assert named(picture) == Named(AT, PassageId("in-1-20250102030400-17"), "exit")
    assert (store.read(picture), store.plates(picture)) == (b"jpeg", (plate,))


def test_a_picture_of_before_and_one_without_a_reader_name_no_plates(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    old = store.keep(b"jpeg", AT)
    assert (named(old), store.plates(old)) == (Named(AT, None, ""), None)
    damaged = store.keep(b"jpeg", AT, "in1-20250102030400-17", "case", [])
    (tmp_path / damaged[:8] / damaged).with_suffix(".json").write_text("{")
    assert store.plates(damaged) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../secret",
        "/etc/hostname",
        "20250102T030405678-0123456789ab.jpg/../../x",
        "x\0",
        "20250102T030405678-../../secret-20250102030400-1-case-0123456789ab.jpg",
        "20259902T030405678-0123456789ab.jpg",
    ],
)
def test_no_picture_id_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(PictureError):
        PictureStore(tmp_path / "pictures").read(PictureId(name))


def test_a_picture_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file"):
        PictureStore(tmp_path).read(PictureId("20250102T030405678-0123456789ab.jpg"))


def test_a_full_or_forbidden_disk_is_a_picture_error(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_bytes(b"in the way")
    with pytest.raises(PictureError, match="keep picture"):
        PictureStore(tmp_path / "pictures").keep(b"jpeg", AT)


def test_a_damaged_or_empty_picture_is_none(tmp_path: Path) -> None:
    (tmp_path / "空.jpg").write_bytes(b"")
    (tmp_path / "坏.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert load_picture(tmp_path / "空.jpg") is None
    assert load_picture(tmp_path / "坏.jpg") is None


def test_a_small_file_that_claims_to_be_a_huge_picture_is_not_decoded(tmp_path: Path) -> None:
    """A unit that was taken over could end the plant with it: a kilobyte that takes gigabytes."""
    plain = np.zeros((40, 60, 3), np.uint8)
    jpeg = np.asarray(cv2.imencode(".jpg", plain)[1], np.uint8).tobytes()
    frame = jpeg.index(b"\xff\xc0")
    huge = jpeg[: frame + 5] + b"\x75\x30\x75\x30" + jpeg[frame + 9 :]
    store = PictureStore(tmp_path)
    for padding in (b"", b"\xff\xff", b"\xff\x00 rubbish"):
        content = huge[:2] + padding + huge[2:]
        assert picture_of(content) is None
        assert picture_of(jpeg[:2] + padding + jpeg[2:]) is not None
        with pytest.raises(PictureError, match="damaged"):
            store.covered(store.keep(content, datetime(2026, 5, 1, tzinfo=UTC)))


def test_settings_orders_and_words_survive_the_wire() -> None:
    settings = Settings("cam-in1", "http://x/", ((0.0, 0.0), (1.0, 0.5)), 60, "/data/pictures", back_end="A")
    assert settings_from(encode(settings)) == settings
    passage = PassageId("in1-20250101000000-1")
    for order in (CaptureOrder(1, passage, 2.0, 0.8, 2, 1.5), SnapshotOrder(2), Enough(3), Relearn(4)):
        assert order_from(encode(order)) == order
    words: tuple[Word, ...] = (
        Reads("B: det.onnx 0a1b"),
        Beat("frozen"),
        SnapshotAnswer(3, None),
        Looked(4, early=True, read_ms=110.5, guess=guess("京A12345", 0.9)),
        Looked(4, early=False, read_ms=60.0, guess=None),
        CaptureAnswer(4, PictureId("p")),
        CaptureAnswer(5, None, "camera frozen"),
    )
    for word in words:
        assert word_from(encode(word)) == word


@pytest.mark.parametrize("line", [b"", b"noise\n", b"[]\n", b'{"is": "Stop"}\n', b'{"is": "Beat", "reading": 1}\n'])
def test_a_foreign_line_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        word_from(line)


def test_a_phone_reads_the_code_that_the_display_shows() -> None:
    content = "http://localhost:8081/c/Zk3f9q_x-81hA0b7Q2mC4tY6"
    for scale in (3, 6, 10):
        png = io.BytesIO()
        segno.make(content, error="m").save(png, kind="png", scale=scale, border=1)
        assert qr.decode(png.getvalue()) == content


def test_a_picture_without_a_code_gives_nothing() -> None:
    good, png = cv2.imencode(".png", np.full((64, 64, 3), 128, np.uint8))
    assert good
    assert qr.decode(png.tobytes()) is None
    assert qr.decode(b"no picture") is None
    assert qr.decode(b"") is None
