"""The site's versions as they stand now: its files, its signatures and its holiday table put together."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.tariff import HolidayTable, Special, Tariff
from billing.versions import holidays, signatures
from billing.versions.choice import Versions, clashes, why_not
from billing.versions.days import over, signed_days
from billing.versions.drafts import signed as drafts_signed
from billing.versions.files import Folder, read_folder
from billing.versions.holidays import HolidayError
from billing.versions.signatures import Signature
from scada.config import Config
from scada.model.names import SiteId
from scada.model.settings import SettingKind, SettingVersion
from scada.ports import BillingError
from scada.store.db import Database, StoreError
from scada.store.settings import book

log = structlog.get_logger(__name__)


async def read_versions(config: Config, db: Database, now: datetime) -> Versions:
    """Read what may charge. Raises BillingError if nothing is in force for some lane's zone."""
    try:
        signed, written, years = await db.read(lambda conn: _known(conn, config.site_id, now))
        folder, table = await asyncio.to_thread(_read, config)
        drafts = await asyncio.to_thread(drafts_signed, written, signed)
    except (StoreError, SQLAlchemyError, HolidayError) as error:
        raise BillingError(f"the tariffs cannot be read: {error}") from error
    for broken in folder.broken:
        log.error("tariff file not used", file=str(broken.path), mistakes=[str(fault) for fault in broken.faults])
    own = tuple(one for one in drafts if not why_not(one, signed, virtual=False))
    usable = tuple(dict.fromkeys((*_usable(config, folder, signed), *own)))
    versions = Versions(usable, config.site.zone_info, over(table, years))
    for one, other in clashes(versions):
        raise BillingError(f"tariffs {one.version!r} and {other.version!r} are in force from the same moment on")
    for zone in {config.zone_of(lane.id) for lane in config.lanes}:
        versions.at(now, zone)
    return versions


def _known(
    conn: Connection, site: SiteId, now: datetime
) -> tuple[Mapping[str, Sequence[Signature]], list[SettingVersion], Mapping[int, Mapping[date, Special]]]:
    """Give what the database says: signatures, tariffs written in the control room, and days signed there."""
    written = book.standing(conn, site, SettingKind.TARIFF)
    return signatures.of_site(conn, site), written, signed_days(conn, site, now)


def _read(config: Config) -> tuple[Folder, HolidayTable]:
    return read_folder(config.beside(config.tariff.folder)), holidays.read(holidays.path_in(config.data))


def _usable(config: Config, folder: Folder, signed: Mapping[str, Sequence[Signature]]) -> tuple[Tariff, ...]:
    usable = []
    for file in folder.files:
        why = why_not(file.tariff, signed, virtual=config.site.virtual)
        if why:
            log.warning("tariff not used", file=str(file.path), version=file.tariff.version, why=why)
        else:
            usable.append(file.tariff)
    return tuple(usable)
