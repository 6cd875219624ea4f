"""Time series of tags: an embedded store by default, a server when it is configured. History, never truth."""

from collections.abc import Iterable

from scada.clock import Clock
from scada.config import Config
from scada.model.tag import TagSpec
from scada.ports import Historian
from scada.store.historian.embedded import EmbeddedHistorian


def build(config: Config, clock: Clock, specs: Iterable[TagSpec] = ()) -> Historian:
    """Build the site's historian; `specs` give the deadbands of analog tags."""
    folder = config.data / "history"
    influx = config.history.influx
    if influx is None:
        return EmbeddedHistorian(folder / "history.db", config.site_id, clock, specs)
    from scada.store.historian.remote.historian import RemoteHistorian  # half a second that most sites need not spend

    token = config.secret(influx.token_file) if influx.token_file is not None else None
    return RemoteHistorian(influx, config.site_id, clock, folder / "queue.db", token, specs)
