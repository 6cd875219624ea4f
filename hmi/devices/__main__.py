"""`python -m hmi.devices --config FILE`: the displays' web process."""

from hmi.devices.app import DevicesSite
from hmi.security import secret_key
from hmi.server import Limits
from hmi.start import run
from scada.config import Config


def _build(config: Config) -> DevicesSite:
    return DevicesSite(config, secret_key(config.data / "run" / "devices.key"))


if __name__ == "__main__":
    run("devices", _build, lambda config: config.web.devices, Limits())
