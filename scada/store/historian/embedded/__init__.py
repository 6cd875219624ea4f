"""History without a server, in a SQLite file of its own (`historian.md` §6)."""

from scada.store.historian.embedded.historian import EmbeddedHistorian
from scada.store.historian.embedded.reading import EmbeddedReader

__all__ = ["EmbeddedHistorian", "EmbeddedReader"]
