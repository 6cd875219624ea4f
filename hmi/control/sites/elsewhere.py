"""The pages of one plant elsewhere: an application of its own, built when the plant has told what to build it on."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, render_template
from flask.typing import ResponseReturnValue

from hmi.assets import serve_assets
from hmi.control.outbox import Outbox
from hmi.control.room import Room
from hmi.control.sites.away import Away, AwayPlant, address_of
from hmi.control.sites.wall import Watch
from hmi.language import speak
from hmi.security import harden
from scada.bridge import Bridge, Message, Refused, Value
from scada.config import Config, WebApp
from scada.faces import FACE, FaceError, config_by
from scada.settings.sites import PlantElsewhere
from scada.way import TlsWay

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Build = Callable[[Config, AwayPlant, bytes, Away], Flask]
FACE_WITHIN_S = 10.0
ASK_AGAIN_S = 5.0

log = structlog.get_logger()


class Elsewhere:
    """One plant elsewhere: its bridge, its place on the wall, and its pages at an address of their own."""

    def __init__(self, plant: PlantElsewhere, home: Config, key: bytes, build: Build, language_cookie: str) -> None:
        host, port = plant.where
        self.plant = plant
        self._home = home
        self._key = hashlib.sha256(key + plant.name.encode()).digest()
        self._build = build
        self._bridge = Bridge(TlsWay(host, port, plant.server_name or host, home.tls_files(plant)), "control")
        self.watch = Watch(plant.name, plant.title, plant.title_en, self._bridge, plant.port, plant.url)
        self._waiting = self._waiting_page(language_cookie)
        self._outbox = Outbox(self)
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._linked = threading.Event()
        self._face: object = None
        self._trouble = ""
        self._app: Flask | None = None
        self._room: Room | None = None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        return (self._app or self._waiting)(environ, start_response)

    def start(self) -> None:
        """Listen to the plant, in threads."""
        self._bridge.listen(self.watch.on_snapshot, self.watch.on_changes, self.watch.on_link)
        self._bridge.listen(self._outbox.on_snapshot, self._outbox.on_changes, self._on_link)
        self._outbox.start()
        threading.Thread(target=self._keep_face, name=f"face-{self.plant.name}", daemon=True).start()
        self._bridge.start()

    def stop(self) -> None:
        """Let every socket go."""
        self._closing.set()
        self._linked.set()
        if self._room is not None:
            self._room.push.stop()
        self._bridge.close()
        self._outbox.stop()

    def _on_link(self, is_up: bool) -> None:
        site = self._bridge.hello.get("site")
        self._outbox.on_link(site if is_up and isinstance(site, dict) else None)
        if is_up:
            self._linked.set()

    # in the outbox's thread; the lock keeps what is told in order while pages are built

    def on_snapshot(self, told: Message) -> None:
        """Take everything anew."""
        with self._lock:
            if self._room is not None:
                self._room.push.on_snapshot(told)

    def on_changes(self, told: Message) -> None:
        """Take a batch."""
        with self._lock:
            if self._room is not None:
                self._room.push.on_changes(told)

    def on_link(self, site: Mapping[str, object] | None) -> None:
        """Take that the plant greets, or is lost."""
        with self._lock:
            if self._room is not None:
                self._room.push.on_link(site)

    # in a thread of its own: asking waits

    def _keep_face(self) -> None:
        """Ask the plant after every greeting what its pages are built on."""
        while not self._closing.is_set():
            self._linked.wait()
            self._linked.clear()
            while not self._closing.is_set() and not self._look() and self._bridge.is_linked:
                self._closing.wait(ASK_AGAIN_S)

    def _look(self) -> bool:
        match self._bridge.ask(FACE, {}, within_s=FACE_WITHIN_S):
            case Value(face):
                return face == self._face or self._take(face)
            case Refused(_, error):
                self._trouble = error
            case _:
                self._trouble = self._bridge.trouble
        return False

    def _take(self, face: object) -> bool:
        try:
            config = config_by(face, self.plant, self._home)
        except FaceError as error:
            if str(error) != self._trouble:
                log.error("a plant elsewhere cannot be shown", plant=self.plant.name, why=str(error))
            self._trouble = str(error)
            return False
        door = AwayPlant(self._bridge)
        app = self._build(config, door, self._key, Away(self.plant.name, self._home))
        room = app.extensions["room"]
        assert isinstance(room, Room)  # noqa: S101  # put there by the factory
        door.on_stranger = lambda name: _sign_out(room, name)
        with self._lock:
            before, self._app, self._room, self._face = self._room, app, room, face
            told = self.watch.live.snapshot(covered=False)
            room.push.on_snapshot({"at": told["at"], "tags": told["tags"]})
            room.push.on_link(told["site"] if self._bridge.is_linked else None)
        if before is not None:
            before.push.stop()
        log.info("a plant elsewhere is shown", plant=self.plant.name, port=self.plant.port)
        return True

    def _waiting_page(self, language_cookie: str) -> Flask:
        """Make what is shown before the plant was ever heard: that it is not, and why."""
        app = Flask("hmi", static_folder=None)
        harden(app, WebApp(host=self.plant.host, port=self.plant.port, host_names=self.plant.host_names), self._key)
        speak(app, language_cookie)
        serve_assets(app, ("control",))
        app.jinja_env.globals["theme"] = lambda: "day"

        def page(path: str = "") -> ResponseReturnValue:
            back = address_of(self._home.web.control.url, self._home.web.control.port)
            why = self._trouble or self._bridge.trouble
            text = render_template("control/sites_waiting.html", plant=self.plant, why=why, back=f"{back}/sites")
            return Response(text, 503, {"Retry-After": "5"})

        app.add_url_rule("/", "page", page)
        app.add_url_rule("/<path:path>", "any_page", page)
        return app


def _sign_out(room: Room, name: str) -> None:
    room.registry.close_all_of(name)
    room.push.drop_signed_out()
