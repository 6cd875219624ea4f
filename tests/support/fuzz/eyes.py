"""What cameras and recognition units send: pictures, streams of pictures, questions who we are, pushes."""

import io
import json
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from lpr.process.wire import WireError, word_from
from lpr.push.makes import MAKES
from lpr.push.words import Post, PushError
from lpr.source import Access, SourceError, is_whole, picture_of
from lpr.sources.stills import MotionJpeg
from lpr.sources.web import Reply, authorization, chosen
from scada.clock import VirtualClock
from tests.support import units
from tests.support.fuzz.change import by_json, plain
from tests.support.fuzz.target import Prepared, Target

CLOCK = VirtualClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))


def _jpegs() -> list[bytes]:
    scene = (np.indices((48, 64)).sum(axis=0) * 3 % 256).astype(np.uint8)
    coloured = cv2.merge([scene, scene[::-1], scene[:, ::-1]])
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    return [cv2.imencode(".jpg", one, how)[1].tobytes() for one, how in ((scene, []), (coloured, progressive))]


def _pictures(_folder: Path) -> Prepared:
    def take(data: bytes) -> object:
        picture = picture_of(data)
        return None if picture is None else f"{picture.ndim} {is_whole(data)}"

    png = cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()
    return Prepared(take, [*_jpegs(), png], tokens=(b"\xff\xd8", b"\xff\xd9", b"\xff\xc0", b"\xff\xda", b"\xff\xff"))


class _Sock:
    """A socket whose other end has sent everything already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)

    def settimeout(self, _limit_s: float) -> None:
        """It never waits."""

    def close(self) -> None:
        """Nothing is open."""


def _streams(_folder: Path) -> Prepared:
    """The answer to a GET: its head as `Client` reads it, then up to four frames of its stream."""
    jpeg = _jpegs()[0]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    measured = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)
    bare = b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n"
    refused = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="c", nonce="n", qop="auth", algorithm=MD5\r\n\r\n'
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    seeds = [head + 3 * measured, head + 3 * bare + b"--b--", refused, chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (
        len(measured), measured)]  # fmt: skip

    def take(data: bytes) -> object:
        sock = cast(Any, _Sock(data))
        response = HTTPResponse(sock, method="GET")
        try:
            response.begin()
        except (OSError, HTTPException, ValueError) as error:
            return type(error).__name__
        if response.status == 401:
            challenge = chosen(response.headers.get_all("WWW-Authenticate") or [""])
            return len(authorization(challenge, Access("u", "p"), "/", 1)) > 0
        source, frames = MotionJpeg(Reply(sock, response, CLOCK), CLOCK), 0
        while frames < 4 and source.grab():
            frames += 1
            source.retrieve()
        return frames

    words = (b"Content-Length: ", b"--b", b"\r\n\r\n", b"boundary=", b"Digest ", b"qop=", b"charset=", b"boundary*=")
    return Prepared(take, seeds, (SourceError,), words)


def _pushes(_folder: Path) -> Prepared:
    """The first line is make and content type; the body follows."""
    posts = [("vz", units.vz(late=True)), ("vz", units.vz()), ("dahua", units.dahua()), ("huaxia", units.huaxia())]
    posts.append(("hikvision", units.hikvision()))
    seeds = [f"{make} {post.content_type}\n".encode() + post.body for make, post in posts]

    def take(data: bytes) -> object:
        head, _, body = data.partition(b"\n")
        make, _, kind = head.decode("utf-8", "replace").partition(" ")
        pushed, _ = MAKES.get(make, MAKES["hikvision"])(Post("x", kind, body))
        return type(pushed).__name__

    words = (b"--b\r\n", b"Content-Transfer-Encoding: base64\r\n", b"encoding='utf-7'", b"charset=", b"%ff", b"&")
    return Prepared(take, seeds, (PushError,), words)


def _push_fields(_folder: Path) -> Prepared:
    bodies = [("vz", units.vz(late=True)), ("dahua", units.dahua())]
    seeds = [json.dumps({make: json.loads(post.body)}).encode() for make, post in bodies]

    def take(data: bytes) -> object:
        told = json.loads(data)
        make = next(iter(told), "") if isinstance(told, dict) else ""
        if make not in MAKES:
            return None
        pushed, _ = MAKES[make](Post("", "application/json", json.dumps(told[make]).encode()))
        return type(pushed).__name__

    return Prepared(take, seeds, (PushError, json.JSONDecodeError), manners=(by_json,))


def _words(_folder: Path) -> Prepared:
    seeds = [
        b'{"is": "Beat", "frames": 1}',
        b'{"is": "Reads", "reads": []}',
        b'{"is": "AskTurn"}',
        b'{"is": "EndTurn"}',
    ]
    return Prepared(word_from, seeds, (WireError,), manners=(plain, by_json))


TARGETS = (
    Target("picture", "a JPEG or other picture", _pictures),
    Target("camera-stream", "a camera's HTTP answer and its MJPEG stream", _streams),
    Target("unit-push", "what a unit pushes, of all four makes", _pushes),
    Target("unit-fields", "the fields of a push that is JSON", _push_fields),
    Target("camera-child", "what a camera's own process says", _words),
)
