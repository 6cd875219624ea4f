"""Sources without a network: files, addresses, and who we say we are."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.process.options import ffmpeg_options
from lpr.source import Access, SourceError, is_whole
from lpr.sources.files import FolderSource
from lpr.sources.opening import open_source, opener, parted
from lpr.sources.video import with_access
from lpr.sources.web import authorization, chosen
from scada.clock import SystemClock

CLOCK = SystemClock()
NOBODY = Access()


def test_a_folder_of_pictures_is_shown_in_order_over_and_over(tmp_path: Path) -> None:
    for number, shade in enumerate((10, 200)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 8, 3), shade, np.uint8))
    (tmp_path / "labels.csv").write_text("not a picture")
    source = open_source(str(tmp_path), NOBODY, CLOCK)
    assert isinstance(source, FolderSource)
    shades = []
    for _ in range(3):
        assert source.grab()
        picture = source.retrieve()
        assert picture is not None
        shades.append(int(picture[0, 0, 0]))
    assert shades == [200, 10, 200]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("none.mp4", "no such file"),
        ("", "no picture"),
        ("/dev/video77", "does not open"),
        ("http://[::1/", "makes no sense"),
    ],
)
def test_a_source_that_is_not_there_says_so(tmp_path: Path, address: str, why: str) -> None:
    asked = address if "/" in address else str(tmp_path / address)
    with pytest.raises(SourceError, match=why):
        open_source(asked, NOBODY, CLOCK)


def test_the_password_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    way = opener("eye", tmp_path / "password", CLOCK)
    with pytest.raises(SourceError, match="password cannot be read"):
        way(str(tmp_path))
    (tmp_path / "password").write_text("s3cret\n")
    with pytest.raises(SourceError, match="chmod 600"):
        way(str(tmp_path))
    (tmp_path / "password").chmod(0o600)
    with pytest.raises(SourceError, match="no picture"):
        way(str(tmp_path))


def test_a_password_in_an_address_is_taken_out_of_it() -> None:
    assert parted("rtsp://eye:a%40b@cam:554/s?x=1", NOBODY) == ("rtsp://cam:554/s?x=1", Access("eye", "a@b"))
    assert parted("rtsp://eye:old@cam/s", Access("eye", "new")) == ("rtsp://cam/s", Access("eye", "new"))
    assert parted("pictures/a@b.jpg", NOBODY) == ("pictures/a@b.jpg", NOBODY)


def test_a_password_goes_into_an_address_whatever_signs_it_has() -> None:
    assert with_access("rtsp://cam:554/s", Access("eye", "p@ss/w:d")) == "rtsp://eye:p%40ss%2Fw%3Ad@cam:554/s"
    assert with_access("rtsp://cam/s", NOBODY) == "rtsp://cam/s"


def test_a_password_is_not_shown_with_its_owner() -> None:
    assert "s3cret" not in repr(Access("eye", "s3cret"))


def test_basic_access_is_answered() -> None:
    assert authorization({"scheme": "basic"}, Access("Aladdin", "open sesame"), "/", 1) == (
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    )


MUFASA = {
    "scheme": "digest",
    "realm": "http-auth@example.org",
    "qop": "auth, auth-int",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_access_is_answered_as_rfc_7616_shows(algorithm: str, response: str) -> None:
    said = authorization(
        {**MUFASA, "algorithm": algorithm},
        Access("Mufasa", "Circle of Life"),
        "/dir/index.html",
        1,
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert f'response="{response}"' in said
    assert 'opaque="FQhe' in said
    assert "nc=00000001" in said


def test_digest_of_the_old_kind_is_answered() -> None:
    said = authorization({"scheme": "digest", "realm": "r", "nonce": "n"}, Access("u", "p"), "/", 1)
    one, two = (hashlib.md5(text, usedforsecurity=False).hexdigest() for text in (b"u:r:p", b"GET:/"))
    right = hashlib.md5(f"{one}:n:{two}".encode(), usedforsecurity=False).hexdigest()
    assert f'response="{right}"' in said
    assert "qop" not in said


def test_a_camera_that_takes_both_is_not_told_the_password_in_clear() -> None:
    basic, digest = 'Basic realm="cam"', 'Digest realm="cam", nonce="n", algorithm=MD5'
    other = 'Digest realm="cam", nonce="n", algorithm=SHA-512-256'
    for heads in ([basic, digest], [digest, basic], [other, basic, digest], ["Bearer x", digest]):
        assert (chosen(heads)["scheme"], chosen(heads)["algorithm"]) == ("digest", "MD5")
    assert chosen([basic])["scheme"] == "basic"
    with pytest.raises(SourceError, match="in a way we do not know"):
        chosen(["Bearer x", ""])


def test_a_digest_we_do_not_know_is_said() -> None:
    with pytest.raises(SourceError, match="SHA-512-256"):
        authorization({**MUFASA, "algorithm": "SHA-512-256"}, Access("u", "p"), "/", 1)


def test_a_torn_jpeg_is_told_by_its_end() -> None:
    whole = bytes(cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1])
    assert is_whole(whole)
    assert is_whole(whole + b"\0" * 20)
    assert not is_whole(whole[:-2])
    assert not is_whole(b"")


def test_packets_come_the_way_the_camera_is_set_up_for() -> None:
    assert ffmpeg_options("udp").startswith("rtsp_transport;udp|")
