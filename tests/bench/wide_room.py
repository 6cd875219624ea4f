"""The control room with room for 240 browsers (the product's: 96): `python -m tests.bench.wide_room --config FILE`."""

from hmi.control.site import ControlSite
from hmi.security import secret_key
from hmi.server import Limits
from hmi.start import run
from scada.clock import clock_from
from scada.config import Config


def _build(config: Config) -> ControlSite:
    return ControlSite(config, secret_key(config.data / "run" / "control.key"), clock_from().seconds)


if __name__ == "__main__":
    run("control", _build, lambda config: config.web.control, Limits(threads=300, sockets=240))
