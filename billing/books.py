"""Whose books these are, where something was asked, and the journal row that goes with every change."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from billing.settle import Merchant
from scada.config import Config
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries

ACTOR = "billing"


@dataclass(frozen=True, slots=True)
class Place:
    """The lane and passage at which something is asked; neither where no lane is involved."""

    lane: LaneName | None = None
    passage: PassageId | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Books:
    """The site and its merchant."""

    site: SiteId
    merchant: Merchant

    @staticmethod
    def of(config: Config) -> "Books":
        """Give the books of a site."""
        names = config.wechat
        return Books(config.site_id, Merchant(names.mchid, names.appid, names.sub_mchid))

    def tell_of(self, conn: Connection, at: datetime, person: str, what: str, **body: object) -> None:
        """Write one journal row of what a person did about money in this transaction."""
        write_entries(conn, self.site, at, [JournalEntry("person", person, what, body=body)])

    def tell(self, conn: Connection, at: datetime, kind: str, what: str, place: Place, **body: object) -> None:
        """Write one journal row of billing's own in this transaction."""
        entry = JournalEntry(kind=kind, actor=ACTOR, what=what, lane=place.lane, passage=place.passage, body=body)
        write_entries(conn, self.site, at, [entry])
