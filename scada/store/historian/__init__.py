"""Time series of tags: an embedded store by default, a server when it is configured. History, never truth."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from scada.clock import Clock
from scada.config import Config
from scada.model.tag import TagSpec
from scada.model.trend import HOUR_MS
from scada.ports import Historian, HistoryReader
from scada.settings.stores import History
from scada.store.historian.embedded import EmbeddedHistorian, EmbeddedReader
from scada.store.historian.keeping import Keeping
from scada.store.historian.thinning import Rules


def build(config: Config, clock: Clock, specs: Iterable[TagSpec] = ()) -> Historian:
    """Build the site's historian; `specs` give the deadbands of analog tags."""
    folder, rules = config.data / "history", rules_of(config.history)
    influx = config.history.influx
    if influx is None:
        return EmbeddedHistorian(
            folder / "history.db",
            config.site_id,
            clock,
            specs,
            rules=rules,
            keeping=keeping_of(config.history),
            zone=config.site.zone_info,
        )
    from scada.store.historian.remote.historian import RemoteHistorian  # half a second that most sites need not spend

    token = config.secret(influx.token_file) if influx.token_file is not None else None
    keeping, zone = keeping_of(config.history), config.site.zone_info
    return RemoteHistorian(
        influx, config.site_id, clock, folder / "queue.db", token, specs, rules=rules, keeping=keeping, zone=zone
    )


@contextmanager
def asking(config: Config, clock: Clock) -> Iterator[HistoryReader]:
    """Open the site's history for questions only, beside a running plant or without one. Raises StoreError."""
    influx = config.history.influx
    if influx is None:
        path, zone = config.data / "history" / "history.db", config.site.zone_info
        yield EmbeddedReader(path, config.site_id, clock, keeping_of(config.history), zone)
        return
    from scada.store.historian.remote.historian import token_of
    from scada.store.historian.remote.reader import RemoteReader
    from scada.store.historian.remote.server import TimeSeriesServer

    token = config.secret(influx.token_file) if influx.token_file is not None else None
    server = TimeSeriesServer(influx, token_of(token))
    try:
        queue, keeping = config.data / "history" / "queue.db", keeping_of(config.history)
        yield RemoteReader(server, config.site_id, clock, {}, keeping, config.site.zone_info, queue)
    finally:
        server.close()


def rules_of(history: History) -> Rules:
    """Give how a site thins; what is told again every so often comes a little early or late."""
    return Rules(history.again_min * 60_000 * 0.95, history.least_s * 1000, history.swinging)


def keeping_of(history: History) -> Keeping:
    """Give what a site keeps."""
    return Keeping(
        history.hot_hours * HOUR_MS, history.raw_days, history.hour_years, history.analog_days, history.health_days
    )
