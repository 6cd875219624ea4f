"""The verbs of a site's facts: its names, its telephone, and what its invoices say of it."""

from collections.abc import Mapping
from typing import Final

from scada.config import Site
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.settings.office import Contents, SettingsOffice
from scada.model.settings import SettingKind
from scada.store.settings import book

SUBJECT: Final = "site"
FACTS: Final[Mapping[str, int]] = {
    "name": 64,
    "name_en": 64,
    "phone": 32,
    "company": 100,
    "tax_number": 20,
    "address": 100,
    "bank": 100,
    "bank_account": 40,
}
"""Each fact with the signs it may have; the last five stand on invoices."""
_NEEDED: Final = ("name", "name_en")


class FactDesk:
    """A site's facts over those of config.toml. `told` is what every web process is told of the site."""

    def __init__(self, site: Site, office: SettingsOffice, told: dict[str, object]) -> None:
        self._base: dict[str, object] = {**dict.fromkeys(FACTS, ""), "name": site.name, "name_en": site.name_en}
        self._office = office
        self._told = told
        office.on(SettingKind.SITE, self._hear)

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"site_facts": self._show, "set_site_facts": self._set}

    async def _hear(self, contents: Contents) -> None:
        """Tell whoever is told of the site, and whoever asks for it."""
        self._told.update({**self._base, **contents.get(SUBJECT, {})})

    async def _show(self, ask: Ask) -> object:
        site = self._office.site
        last = await self._office.db.read(lambda conn: book.last_versions(conn, site, SettingKind.SITE))
        facts = {name: self._told.get(name, one) for name, one in self._base.items()}
        return {"facts": facts, "seen": last.get(SUBJECT, 0)}

    async def _set(self, ask: Ask) -> object:
        content = {name: _fact(ask, name, most) for name, most in FACTS.items()}
        made = await self._office.add(ask, SettingKind.SITE, SUBJECT, content, self._base)
        return {"seen": made.version}


def _fact(ask: Ask, name: str, most: int) -> str:
    if name in _NEEDED:
        text_of(ask, name)
    value = str(ask.args.get(name) or "").strip()
    if len(value) > most or not value.isprintable():
        raise BridgeRefusal("bad_args", f"{name}: at most {most} signs")
    return value
