"""The simulated cameras as a process."""

import http.client
import urllib.request
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from lpr.sim.drawing.film import Story, film
from lpr.sim.drawing.scene import Car
from lpr.sim.feed import FRAME_S, Stage, Studio
from scada.model.plate import Plate
from scada.sim.trial.ports import free_port
from tests.support.lpr import Feed, site


@pytest.fixture
def feed(server: Feed) -> Feed:
    """Give the feed with empty roads."""
    server.show("cam-in1", None)
    server.show("cam-out1", None)
    return server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "photos" / "photos").mkdir(parents=True)
    shot = np.zeros((300, 400, 3), np.uint8)
    shot[:] = (0, 0, 250)
    cv2.imwrite(str(folder / "photos" / "photos" / "red.jpg"), shot)
    with Feed(site(folder, free_port())) as feed:
        yield feed


def frames(feed: Feed, camera: str, count: int) -> list[bytes]:
    """Take some frames from a camera's stream."""
    taken: list[bytes] = []
    with urllib.request.urlopen(f"http://127.0.0.1:{feed.port}/{camera}.mjpg", timeout=10) as stream:
        assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        while len(taken) < count:
            line = stream.readline()
            if line.lower().startswith(b"content-length:"):
                stream.readline()
                taken.append(stream.read(int(line.split(b":")[1])))
    return taken


def decoded(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def test_a_camera_sends_frames_that_differ_by_noise(feed: Feed) -> None:
    one, other = frames(feed, "cam-in1", 2)
    assert decoded(one).shape == (720, 1280, 3)
    assert one != other
    assert np.abs(decoded(one).astype(int) - decoded(other)).mean() < 12


def test_a_photograph_stands_whole_in_the_middle(feed: Feed) -> None:
    feed.show("cam-in1", "京A12345", photo="photos/red.jpg")
    picture = decoded(frames(feed, "cam-in1", 1)[0])
    assert picture[360, 640, 2] > 200
    assert picture[360, 640, 0] < 60
    assert picture[10, 10, 2] < 150


def test_each_camera_has_its_own_scene(feed: Feed) -> None:
    feed.show("cam-out1", "京A12345", photo="photos/red.jpg")
    assert decoded(frames(feed, "cam-in1", 1)[0])[360, 640, 0] > 60
    feed.show("cam-out1", None)
    assert decoded(frames(feed, "cam-out1", 1)[0])[360, 640, 0] > 60


@pytest.mark.parametrize(
    "scene",
    [
        {"camera": "cam-none", "car": None},
        {"camera": "cam-in1"},
        {"camera": "cam-in1", "car": "京A12345"},
        {"camera": "cam-in1", "car": {"plate": "HELLO"}},
        {"camera": "cam-in1", "car": {"plate": "京A12345", "photo": "../config.toml"}},
        {"camera": "cam-in1", "car": {"plate": "京A12345", "photo": "photos/none.jpg"}},
        {"camera": "cam-in1", "car": {"plate": "京A12345", "story": "flies"}},
        [],
    ],
)
def test_a_scene_that_cannot_be_shown_is_refused(feed: Feed, scene: object) -> None:
    assert feed.post(scene) == 400


def test_a_car_may_move_before_a_camera(feed: Feed) -> None:
    road = decoded(frames(feed, "cam-in1", 1)[0]).astype(int)
    assert feed.post({"camera": "cam-in1", "car": {"plate": "京A12345", "seed": 3, "story": "approach"}}) == 204
    seen = [decoded(jpeg).astype(int) for jpeg in frames(feed, "cam-in1", 12)]
    covered = [float((np.abs(picture - road).max(axis=2) > 60).mean()) for picture in (seen[0], seen[-1])]
    assert covered[0] + 0.05 < covered[1], "the car comes nearer"


def test_what_a_moving_car_leaves_stays() -> None:
    studio = Studio(["cam"], None)
    moments = tuple(film(Story.THROUGH, Car(Plate("京A12345"), 3), Car(Plate("沪B67890"), 4)))
    stage = Stage(moments[-1].draw(), moments, began_s=100.0)
    assert np.array_equal(stage.at(100.0), moments[0].draw())
    assert np.array_equal(stage.at(100.0 + 2 * FRAME_S + 0.01), moments[2].draw())
    assert np.array_equal(stage.at(500.0), moments[-1].draw())
    studio.show("cam", {"plate": "京A12345", "story": "follower", "follower": "沪B67890", "weather": "rain"})
    assert decoded(studio.frame("cam", 1)).shape == (720, 1280, 3)


def test_an_unknown_address_is_not_found(feed: Feed) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", feed.port, timeout=10)
    for address in ("/", "/cam-none.mjpg", "/cam-in1"):
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 404
    connection.close()


def test_the_feed_stops_cleanly_while_somebody_watches(feed: Feed) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{feed.port}/cam-in1.mjpg", timeout=10) as stream:
        stream.read(1000)
        assert feed.stop() == 0
    feed.start()
