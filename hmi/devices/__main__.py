"""`python -m hmi.devices --config FILE`: the displays' web process."""

from hmi.devices.app import create_app
from hmi.plain import PlainSite
from hmi.server import Limits
from hmi.start import run
from scada.config import Config


def _build(config: Config) -> PlainSite:
    return PlainSite("devices", config, create_app)


if __name__ == "__main__":
    run("devices", _build, lambda config: config.web.devices, Limits())
