"""`python -m hmi.control --config FILE`: the control room's web process."""

from hmi.control.app import ControlSite
from hmi.security import secret_key
from hmi.server import Limits
from hmi.start import run
from scada.clock import clock_from
from scada.config import Config


def _build(config: Config) -> ControlSite:
    key = secret_key(config.data / "run" / "control.key")
    return ControlSite(config, key, clock_from().seconds)


if __name__ == "__main__":
    run("control", _build, lambda config: config.web.control, Limits(threads=128, sockets=96))
