"""`python -m hmi.control --config FILE`: the control room's web process."""

from hmi.control.site import ControlSite
from hmi.security import secret_key
from hmi.server import Limits
from hmi.start import run
from scada.clock import clock_from
from scada.config import Config, WebApp


def _build(config: Config) -> ControlSite:
    key = secret_key(config.data / "run" / "control.key")
    return ControlSite(config, key, clock_from().seconds)


def _addresses(config: Config) -> tuple[WebApp, ...]:
    """Give where the room's own pages are, and those of every plant elsewhere."""
    own = config.web.control
    return own, *(WebApp(host=one.host, port=one.port, host_names=one.host_names) for one in config.plants)


if __name__ == "__main__":
    run("control", _build, _addresses, Limits(threads=128, sockets=96))
