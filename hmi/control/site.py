"""The control room as the server runs it: its own pages, those of plants elsewhere, and the wall of all."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask

from hmi.control.app import LANGUAGE_COOKIE, create_app
from hmi.control.outbox import Outbox
from hmi.control.push import Push
from hmi.control.room import Room
from hmi.control.sites.away import Away, AwayPlant
from hmi.control.sites.elsewhere import Elsewhere
from hmi.control.sites.wall import Wall, Watch
from scada.bridge import Bridge
from scada.config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WALL_S = 0.5
"""How often browsers are told the wall."""


class ByPort:
    """Each plant has an address of its own, so that a page is of one car park whatever its tab does."""

    def __init__(self, home: "WSGIApplication", others: Mapping[str, "WSGIApplication"]) -> None:
        self._home = home
        self._others = others

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request by the port at which it came in, which no header says."""
        return self._others.get(str(environ["SERVER_PORT"]), self._home)(environ, start_response)


class ControlSite:
    """The applications, their bridges and their sockets."""

    def __init__(self, config: Config, key: bytes, seconds: Callable[[], float]) -> None:
        self._bridge = Bridge(config.socket("control"), "control")
        site, web = config.site, config.web.control
        self._home = Watch(site.id, site.name, site.name_en, self._bridge, web.port, web.url)
        self._elsewhere = [
            Elsewhere(plant, config, key, self._builder(seconds), LANGUAGE_COOKIE) for plant in config.plants
        ]
        self._wall = Wall([self._home, *(one.watch for one in self._elsewhere)])
        self._app = create_app(config, self._bridge, key, seconds, self._wall)
        self._outbox = Outbox(self._push)
        self._by_port = ByPort(self._app, {str(one.plant.port): one for one in self._elsewhere})
        self._closing = threading.Event()

    @staticmethod
    def _builder(seconds: Callable[[], float]) -> Callable[[Config, AwayPlant, bytes, Away], Flask]:
        return lambda config, plant, key, away: create_app(config, plant, key, seconds, away=away)

    @property
    def wsgi(self) -> "WSGIApplication":
        """What answers requests."""
        return self._by_port

    def start(self) -> None:
        """Listen to the plants, and tell the screens, each in a thread."""
        self._bridge.listen(self._home.on_snapshot, self._home.on_changes, self._home.on_link)
        self._bridge.listen(self._outbox.on_snapshot, self._outbox.on_changes, self._on_link)
        self._outbox.start()
        self._bridge.start()
        for one in self._elsewhere:
            one.start()
        threading.Thread(target=self._keep_wall, name="wall", daemon=True).start()

    def _on_link(self, is_up: bool) -> None:
        site = self._bridge.hello.get("site")
        self._outbox.on_link(site if is_up and isinstance(site, dict) else None)

    def _keep_wall(self) -> None:
        while not self._closing.wait(WALL_S):
            if self._push.has_watchers:
                self._push.tell_wall(lambda money: self._wall.lots(money=money))

    def stop(self) -> None:
        """Let every socket go."""
        self._closing.set()
        self._push.stop()
        for one in self._elsewhere:
            one.stop()
        self._bridge.close()
        self._outbox.stop()

    @property
    def _push(self) -> Push:
        room = self._app.extensions["room"]
        assert isinstance(room, Room)  # noqa: S101  # put there by the factory
        return room.push
