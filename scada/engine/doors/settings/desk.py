"""The verbs of settings for whoever looks: what holds, what it was before, and what people did."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from scada.engine.doors.asked import limit_of, optional, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.engine.settings.office import MOST_VERSIONS, SettingsOffice
from scada.model.lane.codec import Json
from scada.model.settings import SettingKind, SettingVersion
from scada.store.audit import Wanted, people
from scada.store.settings import book


class SettingsDesk:
    """Shows settings and the audit log; the rights are checked before these are called."""

    def __init__(self, office: SettingsOffice, zone: ZoneInfo) -> None:
        self._office = office
        self._zone = zone

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"settings": self._settings, "setting_history": self._history, "audit": self._audit}

    async def _settings(self, ask: Ask) -> object:
        """Give what is set now, of every kind, and the number of each subject's last version."""
        kind, at, site = kind_of(ask), self._office.clock.now(), self._office.site

        def work(conn: Connection) -> object:
            held, last = book.in_force(conn, site, kind, at), book.last_versions(conn, site, kind)
            return {"held": {name: shown(one) for name, one in held.items()}, "last": last}

        return await self._office.db.read(work)

    async def _history(self, ask: Ask) -> object:
        kind = kind_of(ask) if optional(ask, "kind") else None
        subject, limit, site = optional(ask, "subject"), limit_of(ask), self._office.site
        rows = await self._office.db.read(lambda conn: book.history(conn, site, kind, subject, limit))
        return [shown(row) for row in rows]

    async def _audit(self, ask: Ask) -> object:
        """Give what people did; `before` is the last row of the piece before it."""
        wanted = Wanted(
            self._midnight(ask, "from"),
            self._midnight(ask, "to", days=1),
            optional(ask, "person"),
            optional(ask, "what"),
            whole_number(ask, "before", 0, MOST_VERSIONS),
            limit_of(ask),
        )
        site = self._office.site
        return as_json(await self._office.db.read(lambda conn: people(conn, site, wanted)))

    def _midnight(self, ask: Ask, name: str, days: int = 0) -> datetime | None:
        """Give the moment at which a day begins, or `days` after it; None if none is named."""
        written = optional(ask, name)
        if not written:
            return None
        try:
            day = date.fromisoformat(written) + timedelta(days=days)
            return datetime.combine(day, time(), self._zone)
        except (ValueError, OverflowError) as error:
            raise BridgeRefusal("bad_args", f"{name}: a day like 2026-05-01") from error


def kind_of(ask: Ask) -> SettingKind:
    """Take a kind by its name. Raises BridgeRefusal if there is none such."""
    for kind in SettingKind:
        if kind.value == ask.args.get("kind"):
            return kind
    raise BridgeRefusal("bad_args", f"kind: one of {', '.join(kind.value for kind in SettingKind)}")


def shown(version: SettingVersion) -> dict[str, Json]:
    """Write a version as people and programs read it."""
    told = as_json(version)
    assert isinstance(told, Mapping)  # noqa: S101 - a dataclass is an object
    return {**told, "kind": version.kind.value}
