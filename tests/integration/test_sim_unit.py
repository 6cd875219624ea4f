"""A simulated recognition unit: the product understands what it pushes, and it repeats as real ones do."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lpr.push import vz
from lpr.push.words import Post, Read
from lpr.sim import unit
from scada.model.plate import PlateColour


@contextmanager
def server(answers: Sequence[int]) -> Iterator[tuple[str, list[bytes]]]:
    """Take pushes: a status for each in turn, the last for all that follow; a good one is answered as by the plant."""
    bodies: list[bytes] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(body)
            status = answers[min(len(bodies), len(answers)) - 1]
            words = vz.take(Post("", self.headers["Content-Type"], body))[1].body if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}/units/unit-in1/key", bodies
        finally:
            http.shutdown()
            thread.join()


def read_of(body: bytes) -> Read:
    pushed, _ = vz.take(Post("", "application/json", body))
    assert isinstance(pushed, Read)
    return pushed


def test_the_product_understands_what_it_pushes(capsys: pytest.CaptureFixture[str]) -> None:
    with server([200]) as (url, bodies):
        assert unit.main([url, "粤BD12345", "京A12345", "--serial", "VZ-1"]) == 0
    reads = [read_of(body) for body in bodies]
    assert [(read.text, read.serial, read.late) for read in reads] == [
        ("粤BD12345", "VZ-1", False),
        ("京A12345", "VZ-1", False),
    ]
    assert [read.colour for read in reads] == [PlateColour.GREEN, PlateColour.BLUE]
    assert reads[0].key != reads[1].key
    assert all(read.jpeg and read.jpeg.startswith(b"\xff\xd8") for read in reads)
    assert "粤BD12345: 200" in capsys.readouterr().out


def test_it_repeats_the_same_read_until_it_is_answered_well() -> None:
    with server([503, 503, 200]) as (url, bodies):
        assert unit.main([url, "京A12345", "--serial", "VZ-1"]) == 0
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_it_gives_up_after_four_times() -> None:
    with server([404]) as (url, bodies):
        assert unit.main([url, "京A12345", "--serial", "another"]) == 1
    assert len(bodies) == 4


def test_some_repeat_whatever_they_are_answered() -> None:
    with server([200]) as (url, bodies):
        assert unit.main([url, "京A12345", "--serial", "VZ-1", "--repeat", "6"]) == 0
    assert len(bodies) == 6


def test_kept_records_are_marked_and_a_picture_may_be_huge() -> None:
    with server([200]) as (url, bodies):
        assert unit.main([url, "京A12345", "--serial", "VZ-1", "--offline", "--bytes", "20000000"]) == 0
    assert len(bodies[0]) > 20_000_000
    assert read_of(bodies[0]).late
    assert len(bodies) == 1


def test_nobody_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with server([200]) as (url, _):
        pass
    assert unit.main([url, "京A12345", "--serial", "VZ-1"]) == 1
    assert capsys.readouterr().out.count("京A12345: 0") == 4
    assert unit.main([url, "HELLO", "--serial", "VZ-1"]) == 2
