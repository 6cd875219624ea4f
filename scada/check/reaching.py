"""How `daozha check --online` reaches plants elsewhere: it shows our certificate and hears how the plant greets."""

import orjson

from scada.bridge import receive
from scada.check.database import Unfit
from scada.config import Config
from scada.model.frames import PROTOCOL, FrameError, framed
from scada.settings.sites import PlantElsewhere
from scada.way import TlsWay, WayError


def greet(config: Config, plant: PlantElsewhere) -> str:
    """Say which plant answers. Raises OSError or Unfit."""
    host, port = plant.where
    try:
        link = TlsWay(host, port, plant.server_name or host, config.tls_files(plant)).open()
        try:
            link.send(framed(orjson.dumps({"hello": PROTOCOL, "app": "control"})))
            hello = receive(link)
        finally:
            link.close()
    except (WayError, FrameError, ValueError) as error:
        raise Unfit(str(error)) from error
    site = hello.get("site")
    if hello.get("hello") != PROTOCOL or not isinstance(site, dict):
        raise Unfit(f"it refused: {hello.get('refused', 'it speaks another version')}")
    return f"greeted as {site.get('id')}, by mutual TLS"
