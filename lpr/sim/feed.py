"""Simulated cameras: MJPEG over HTTP, one stream a camera of the site, each showing an empty road or a car.

`python -m lpr.sim.feed --config FILE`. The virtual site posts what stands before each camera to `/scene`. With
`[sim].rtsp_port` the same pictures go out over RTSP, too.
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.sim.drawing.film import Moment, Story, film
from lpr.sim.drawing.plates import DrawError
from lpr.sim.drawing.scene import HEIGHT, WIDTH, Car, draw_road, draw_scene
from lpr.sim.rtsp import RtspError, RtspServer
from lpr.sim.weather import weathered
from lpr.source import load_picture
from scada.clock import SystemClock
from scada.config import Config, ConfigError, Sim, load
from scada.model.plate import normal_form

FRAME_S = 0.125
_BOUNDARY = "daozha"
_MOST_BYTES = 65536
_NOISES = 5
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


class SceneError(Exception):
    """A scene cannot be shown; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one camera sees, without noise: a picture, and before it the moments of a car that moves."""

    picture: Picture
    moments: tuple[Moment, ...] = ()
    weather: str = "clear"
    began_s: float = 0

    def at(self, now_s: float) -> Picture:
        """Give the picture of this time."""
        number = int((now_s - self.began_s) / FRAME_S)
        if number >= len(self.moments):
            return self.picture
        return weathered(self.moments[number].draw(), self.weather, number)


class Studio:
    """The scenes of all cameras, and the frames made from them."""

    def __init__(self, cameras: Sequence[str], photos: Path | None) -> None:
        self._photos = photos
        self._clock = SystemClock()
        self._roads = {camera: draw_road(number) for number, camera in enumerate(cameras)}
        self._stages = {camera: Stage(road) for camera, road in self._roads.items()}
        rng = np.random.default_rng(0)
        shape = (_NOISES, HEIGHT, WIDTH, 1)
        noise = rng.normal(0, 4, shape).astype(np.int16)
        self._noises = [np.repeat(one, 3, axis=2) for one in noise]

    def knows(self, camera: str) -> bool:
        """Say whether the site has this camera."""
        return camera in self._roads

    def show(self, camera: str, car: dict[str, Any] | None) -> None:
        """Change what a camera sees. Raises SceneError."""
        self._stages[camera] = Stage(self._roads[camera]) if car is None else self._stage_of(car)

    def frame(self, camera: str, number: int) -> bytes:
        """Make one frame as JPEG; noise and light differ from frame to frame, as with a real camera."""
        noise = np.roll(self._noises[number % _NOISES], number * 7, axis=1)
        noisy = cv2.add(self._stages[camera].at(self._clock.seconds()).astype(np.int16), noise)
        good, jpeg = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), _JPEG)
        if not good:
            raise SceneError(f"{camera}: the frame cannot be encoded")
        return jpeg.tobytes()

    def _stage_of(self, car: dict[str, Any]) -> Stage:
        photo, weather = car.get("photo"), str(car.get("weather", "clear"))
        try:
            seed = int(car.get("seed", 0))
            if "story" in car:
                return self._filmed(car, seed, weather)
            seen = draw_scene(normal_form(str(car["plate"])), seed) if photo is None else self._photo(str(photo))
            return Stage(weathered(seen, weather, seed))
        except (DrawError, KeyError, TypeError, ValueError) as error:
            raise SceneError(f"car: {error}") from error

    def _filmed(self, car: dict[str, Any], seed: int, weather: str) -> Stage:
        """Let a car move; the last moment stays."""
        first, second = normal_form(str(car["plate"])), normal_form(str(car.get("follower", "")))
        moments = tuple(film(Story(car["story"]), Car(first, seed), Car(second, seed + 1)))
        last = weathered(moments[-1].draw(), weather, seed)
        return Stage(last, moments, weather, self._clock.seconds())

    def _photo(self, name: str) -> Picture:
        if self._photos is None:
            raise SceneError("the site has no photographs ([sim].photos)")
        path = (self._photos / name).resolve()
        if not path.is_relative_to(self._photos) or not path.is_file():
            raise SceneError(f"no photograph {name!r}")
        picture = load_picture(path)
        if picture is None:
            raise SceneError(f"{name!r} is no picture")
        return fitted(picture)


def fitted(photo: Picture) -> Picture:
    """Put a photograph into a frame, whole and undistorted, at most doubled in size."""
    high, wide = photo.shape[:2]
    scale = min(WIDTH / wide, HEIGHT / high, 2.0)
    size = (round(wide * scale), round(high * scale))
    scaled = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    frame = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
    left, top = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    frame[top : top + size[1], left : left + size[0]] = scaled
    return frame


class FeedServer(ThreadingHTTPServer):
    """The cameras' HTTP server."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], studio: Studio) -> None:
        super().__init__(address, _Handler)
        self.studio = studio
        self.stopping = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: FeedServer
    timeout = 10.0

    def do_GET(self) -> None:
        """Stream a camera's frames until the viewer leaves."""
        camera = self.path.removeprefix("/").removesuffix(".mjpg")
        if not self.path.endswith(".mjpg") or not self.server.studio.knows(camera):
            self._answer(404, f"no camera {camera!r}")
            return
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        try:
            self._stream(camera)
        except OSError:
            self.close_connection = True

    def _stream(self, camera: str) -> None:
        number = 0
        while not self.server.stopping.wait(FRAME_S):
            number += 1
            jpeg = self.server.studio.frame(camera, number)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def do_POST(self) -> None:
        """Take a scene: `{"camera", "car": {"plate", "photo", "seed", "weather", "story", "follower"} | null}`."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/scene" or not 0 < length <= _MOST_BYTES:
            self._answer(404 if self.path != "/scene" else 400, "POST /scene with a small JSON body")
            return
        try:
            camera, car = _scene(self.rfile.read(length))
            if not self.server.studio.knows(camera):
                raise SceneError(f"no camera {camera!r}")
            self.server.studio.show(camera, car)
        except SceneError as error:
            self._answer(400, str(error))
            return
        self._answer(204, "")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: every frame's viewer would be a line."""


def _scene(body: bytes) -> tuple[str, dict[str, Any] | None]:
    try:
        scene = json.loads(body)
        camera, car = scene["camera"], scene["car"]
    except (ValueError, KeyError, TypeError) as error:
        raise SceneError(f"not a scene: {error!r}") from error
    if not isinstance(camera, str) or not (car is None or isinstance(car, dict)):
        raise SceneError("camera must be a text, car an object or null")
    return camera, car


def serve(config: Config, sim: Sim) -> None:
    """Serve until SIGTERM or SIGINT, or until the RTSP server is lost."""
    photos = None if sim.photos is None else config.beside(sim.photos)
    cameras = [camera.name for camera in config.cameras]
    studio = Studio(cameras, photos)
    with ExitStack() as parts:
        server = parts.enter_context(FeedServer(("127.0.0.1", sim.feed_port), studio))

        def stop(*_: object) -> None:
            server.stopping.set()
            threading.Thread(target=server.shutdown, name="shutdown").start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if sim.rtsp_port is not None:
            rtsp = parts.enter_context(RtspServer(cameras, sim.rtsp_port, rate=round(1 / FRAME_S)))
            filming = threading.Thread(target=_film, args=(server, rtsp, stop), name="film")
            parts.callback(filming.join)
            filming.start()
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)


def _film(server: FeedServer, rtsp: RtspServer, stop: Callable[[], None]) -> None:
    """Hand frames to the RTSP server, only of cameras that are watched."""
    number = 0
    while not server.stopping.wait(FRAME_S):
        number += 1
        for camera in rtsp.watched:
            rtsp.show(camera, server.studio.frame(camera, number))
        if rtsp.has_ended:
            stop()


def main(arguments: Sequence[str]) -> int:
    """0 once stopped, 2 if the configuration has no virtual car park or the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m lpr.sim.feed", description="Simulated cameras.")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    cv2.setNumThreads(1)
    try:
        config = load(parser.parse_args(arguments).config)
        if config.sim is None:
            raise ConfigError("the configuration has no [sim]")
        serve(config, config.sim)
    except (ConfigError, DrawError, OSError, RtspError) as error:
        sys.stderr.write(f"lpr.sim.feed: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
