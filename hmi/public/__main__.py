"""`python -m hmi.public --config FILE`: the drivers' web process."""

from hmi.plain import PlainSite
from hmi.public.app import create_app
from hmi.server import Limits
from hmi.start import run
from scada.config import Config


def _build(config: Config) -> PlainSite:
    return PlainSite("public", config, create_app)


if __name__ == "__main__":
    run("public", _build, lambda config: config.web.public, Limits())
