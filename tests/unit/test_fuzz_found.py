"""What fuzzing has found stays mended: each input that once brought something undocumented, at its parser."""

import contextlib
import struct
import time
import zlib
from pathlib import Path

import pytest

from tests.support.fuzz.all import TARGETS

DEEP = b"[" * 3000
LONG = b"9" * 5000
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n"
LONG_PART = STREAM + b"\r\n--b\r\nContent-Length: " + LONG + b"\r\n\r\n"
BAD_CHUNK = STREAM + b"Transfer-Encoding: chunked\r\n\r\n-9223372036854775809\r\n--b"
NEW_ZIP = b"PK\3\4PK\1\2\xff\xff\x80\0" + bytes(38) + b"PK\5\6\0\0\0\0\1\0\1\0.\0\0\0\4\0\0\0\0\0"
CHUNK = struct.pack("<BIqB", 1, 2, 0, 0)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000090000000908020000006ff39147ff00001e49444154081d75c101010000004020fe9fb640c9"
    "93274f9e3c79f2e4c90b05e8000af6d9c2650000000049454e44ae426082"
)
MANIFEST = (
    b'{"site": "demo", "taken_at": "2026-03-01T08:00:00Z", "version": "1", "database": {"kind": "sqlite", '
    b'"revision": "1", "rows": {}, "journal_n": 0, "journal_hash": ""}, "entries": [{"path": "data/a", "size": 3, '
    b'"mode": 384, "sha256": "' + b"a" * 64 + b'"}]}'
)
FAR_AWAY = b"tag,device,address,type\nin1.a,plc1,HR" + LONG + b",u16\n"
MANY_SPACES = "plate,kind,card,spaces\n京A12345,month,C1,".encode() + LONG + b"\n"
LAST_DAY = "plate,kind,until\n京A12345,month,9999-12-31\n"
HEADS = "交易时间,商户号,特约商户号"
TAG = "tag,device,address,type,stale_ms\nin1.a,plc1,HR1,u16,"
NULLS = b"\1\0z\2" + bytes(24) + b"\1\0\0\0\1\x80\xff\xff\xff\x7f" + b"\xff\xff\xff\xff"


def chunk(*parts: tuple[int, bytes]) -> bytes:
    """Give a chunk of history with these parts."""
    return CHUNK + zlib.compress(b"".join(struct.pack("<BI", width, len(data)) + data for width, data in parts))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("opcua-answer", NULLS, id="two milliards of nothing in an array"),
        pytest.param("picture", PNG, id="a picture that is no JPEG"),
        pytest.param("camera-stream", LONG_PART, id="a length without end"),
        pytest.param("camera-stream", BAD_CHUNK, id="a chunk of less than nothing"),
        pytest.param("wechat-answer", DEEP, id="JSON deeper than any"),
        pytest.param("camera-child", DEEP, id="a child's JSON deeper than any"),
        pytest.param("oidc-keys", b'{"keys": 0.5}', id="a number for a list of keys"),
        pytest.param("oidc-keys", b'{"keys": [{"kty": []}]}', id="a list for a kind of key"),
        pytest.param("bill-text", f"{HEADS},商户号\n`2026-03-03 10:00:00,`a,`b\n".encode(), id="one column twice"),
        pytest.param("tag-map", TAG.encode() + LONG + b"\n", id="a number of 5,000 digits"),
        pytest.param("tag-map", f"{TAG}²\n".encode(), id="a digit that is no number"),
        pytest.param("sheet", NEW_ZIP, id="a zip of version 12.8"),
        pytest.param("config", b"a = " + LONG, id="a number of 5,000 digits in config.toml"),
        pytest.param("config", b"a = " + DEEP, id="lists in lists in config.toml"),
        pytest.param("history-chunk", chunk((3, b"abc"), (1, b""), (1, b""), (1, b"")), id="numbers of three bytes"),
        pytest.param("history-chunk", chunk((1, b"\0"), *3 * [(1, b"\0\0")], (0, DEEP), (1, b"\0\0")), id="deep texts"),
        pytest.param("backup", MANIFEST.replace(b"data/a", b"data\\u0000a"), id="a file with a NUL in its name"),
        pytest.param("backup", MANIFEST.replace(b"data/a", b"data/" + LONG), id="a file with too long a name"),
        pytest.param("plate-list", MANY_SPACES, id="more spaces than can be counted"),
        pytest.param("plate-list", LAST_DAY.encode(), id="the day after the last of all"),
        pytest.param("tag-map-foreign", b'[[inputs.opcua]]\nendpoint = "opc.tcp://[::1"', id="half an IPv6 address"),
        pytest.param("tag-map-foreign", b'[[inputs.modbus]]\ncontroller = "tcp://a:99999"', id="a port of no machine"),
        pytest.param("tag-map", FAR_AWAY, id="an address of 5,000 digits"),
        pytest.param("ldap-answer", b"0\x04\2\1\1a\0", id="a bind's answer that says nothing"),
    ],
)  # fmt: skip
def test_what_once_broke_a_parser_is_answered_as_documented(name: str, data: bytes, tmp_path: Path) -> None:
    prepared = TARGETS[name].build(tmp_path)
    began_s = time.process_time()
    with contextlib.suppress(*prepared.allowed):
        prepared.take(data)
    assert time.process_time() - began_s < 5


def test_a_number_that_no_clock_knows_is_no_time_in_a_token(tmp_path: Path) -> None:
    prepared = TARGETS["oidc-claims"].build(tmp_path)
    for field in ("exp", "iat"):
        claims = (
            prepared.seeds[0].replace(b'"exp": ', b'"exp": 1' + b"0" * 400) if field == "exp" else prepared.seeds[0]
        )
        claims = claims.replace(b'"iat": ', b'"iat": 1' + b"0" * 400) if field == "iat" else claims
        with pytest.raises(prepared.allowed):
            prepared.take(claims.replace(b".0,", b","))
