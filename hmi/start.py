"""How each web process starts: `python -m hmi.NAME --config FILE`."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hmi.server import Limits, Site, serve
from hmi.standby import standby_door
from scada.config import Config, ConfigError, WebApp, load
from scada.log import log_to_stderr


def run(
    name: str, build: Callable[[Config], Site], pick: Callable[[Config], WebApp | Sequence[WebApp]], limits: Limits
) -> None:
    """Read the command line and serve until SIGTERM; exit code 2 on a bad configuration."""
    parser = argparse.ArgumentParser(prog=f"python -m hmi.{name}")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    arguments = parser.parse_args()
    log_to_stderr(ours=logging.DEBUG)
    try:
        config = load(arguments.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
    where = pick(config)
    addresses = (where,) if isinstance(where, WebApp) else tuple(where)
    serve(lambda: build(config), addresses, limits, standby_door(config))
