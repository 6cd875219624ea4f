"""`python -m hmi.public --config FILE`: the drivers' web process."""

from hmi.public.app import PublicSite
from hmi.security import secret_key
from hmi.server import Limits
from hmi.start import run
from scada.config import Config


def _build(config: Config) -> PublicSite:
    return PublicSite(config, secret_key(config.data / "run" / "public.key"))


if __name__ == "__main__":
    run("public", _build, lambda config: config.web.public, Limits())
