"""A web application without WebSockets, as the server runs it: the drivers' pages and the displays."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask

from hmi.security import secret_key
from scada.bridge import Bridge
from scada.config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Build = Callable[[Config, Bridge, bytes], Flask]


class PlainSite:
    """An application of its own name: its own bridge, its own key."""

    def __init__(self, name: str, config: Config, build: Build) -> None:
        self._bridge = Bridge(config.socket(name), name)
        self._app = build(config, self._bridge, secret_key(config.data / "run" / f"{name}.key"))

    @property
    def wsgi(self) -> "WSGIApplication":
        """What answers requests."""
        return self._app

    def start(self) -> None:
        """Connect to the plant, in a thread."""
        self._bridge.start()

    def stop(self) -> None:
        """Hang up; there are no WebSockets here."""
        self._bridge.close()
