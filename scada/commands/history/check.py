"""`daozha history check`: try on a customer's own server all that the product needs of it."""

import argparse
import json
import sys
from dataclasses import asdict

from pydantic import ValidationError

from scada import say
from scada.clock import clock_from
from scada.config import ConfigError, load
from scada.settings.stores import Influx
from scada.store.db import StoreError
from scada.store.historian import keeping_of
from scada.store.historian.keeping import Keeping
from scada.store.historian.remote.historian import token_of
from scada.store.historian.remote.server import TimeSeriesServer
from scada.store.historian.remote.trial.checklist import Outcome, tried

_SIGNS = {Outcome.HOLDS: "✓", Outcome.FAILS: "✗", Outcome.CANNOT: "–"}


def check(asked: argparse.Namespace) -> int:
    """Print a list. 0: nothing fails; 1: something does; 2: there is no server to ask."""
    try:
        settings, token, keeping = _asked_for(asked)
    except (ConfigError, StoreError, ValidationError) as error:
        say.complain(str(error))
        return 2
    if settings is None:
        say.complain("config.toml has no [history.influx]; give --url and --bucket")
        return 2
    server = TimeSeriesServer(settings, token)
    try:
        with say.patience(f"trying {settings.url}"):
            name, found = tried(server, clock_from().now(), keeping)
    finally:
        server.close()
    if asked.json:
        checks = [asdict(one) | {"outcome": one.outcome.value} for one in found]
        sys.stdout.write(json.dumps({"server": name, "checks": checks}, ensure_ascii=False) + "\n")
    else:
        rows = [(_SIGNS[one.outcome], one.name, one.said, one.remedy) for one in found]
        say.show_table(f"{name} at {settings.url}", ("", "promise", "what it did", "what to do"), rows)
    return 1 if any(one.outcome is Outcome.FAILS for one in found) else 0


def _asked_for(asked: argparse.Namespace) -> tuple[Influx | None, str | None, Keeping]:
    if asked.url is not None:
        influx = Influx(url=asked.url, bucket=asked.bucket or "parking", org=asked.org)
        return influx, token_of(asked.token_file), Keeping()
    config = load(asked.config)
    keeping, there = keeping_of(config.history), config.history.influx
    if there is None or there.token_file is None:
        return there, None, keeping
    return there, token_of(config.secret(there.token_file)), keeping
