"""What a new server knows of a lane that a former one ran: from the journal, the books, and the book of commands."""

import asyncio
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection, select

from scada.engine.lane.perform import LaneParts
from scada.engine.lane.record import ACTOR, KINDS, Recorded, read_steps
from scada.model.handshake import CommandCode
from scada.model.lane import commands as c
from scada.model.lane.codec import CodecError
from scada.model.lane.image import DARK
from scada.model.lane.states import Lane
from scada.model.lane.words import Fate
from scada.model.names import LaneName, PassageId, SiteId
from scada.store import books, doubts, restored
from scada.store.journal import rows_before
from scada.store.schema import intent, passage, rise

MOST_ROWS = 1000
"""So far back the whole lane is looked for; a server writes it twice as often."""
LOOK_S = 0.2
"""How often the book is looked at."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Left:
    """When the former server's last row was written (monotonic), and what became of its last command."""

    at_s: float
    command: Fate


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The lane to go on with. `missing`: what was decided for the books and does not stand in them."""

    lane: Lane
    left: Left | None = None
    missing: tuple[c.Command, ...] = ()


async def take_over(parts: LaneParts, fresh: Lane) -> TakenOver:
    """Find how a former server left the lane; where the journal does not say, begin with `fresh`."""
    try:
        taken = await parts.db.read(lambda conn: taken_over(conn, parts.site, fresh))
    except CodecError as error:
        log.error("the lane's last rows cannot be read: it begins idle", lane=fresh.name, error=str(error))
        taken = None
    if taken is not None and await parts.db.read(lambda conn: _is_long_ago(conn, parts.site, fresh.name)):
        log.warning("a backup was put back: the lane begins idle", lane=fresh.name)
        await _doubt_live(parts, taken.lane)
        taken = None
    if taken is not None:
        return taken
    rises, last = await parts.db.read(lambda conn: books.newest(conn, parts.site, fresh.name))
    at = parts.clock.now()
    await parts.db.write(lambda conn: books.close_orphans(conn, parts.site, fresh.name, at))
    return TakenOver(replace(fresh, rises=rises, last=last))


async def end_of_command(parts: LaneParts, of: PassageId) -> Fate:
    """Wait until the book says what became of the last command for a passage: who holds the lane settles it."""
    while (fate := await parts.db.read(lambda conn: _fate(conn, parts.site, of))) is Fate.OPEN:  # noqa: ASYNC110 - who settles it is not known to us
        await asyncio.sleep(LOOK_S)
    return fate


async def doubted(parts: LaneParts, lane: LaneName, command: c.Command, why: str) -> None:
    """Put the passage of a decision that cannot be written onto the list for stocktake."""
    if not isinstance(command, c.BeginStay | c.EndStay):
        return
    at, ended = parts.clock.now(), command.passage
    await parts.db.write(lambda conn: doubts.add(conn, parts.site, lane, ended, f"its stay is not written: {why}", at))


def _is_long_ago(conn: Connection, site: SiteId, lane: LaneName) -> bool:
    """Say whether the lane's last row is from before a backup was put back: it has served others since."""
    mark = restored.newest(conn, site)
    last = next(rows_before(conn, site, lane, KINDS, ACTOR, 1), None)
    return mark is not None and last is not None and last.n < mark.journal_n


async def _doubt_live(parts: LaneParts, lane: Lane) -> None:
    """Put a car that stood at the boom when the backup was taken onto the list for stocktake."""
    live, at = lane.live, parts.clock.now()
    if live is not None:
        await parts.db.write(lambda conn: doubts.add(conn, parts.site, lane.name, live, restored.WHY, at))


def taken_over(conn: Connection, site: SiteId, fresh: Lane) -> TakenOver | None:
    """Read the lane from its last row; None where it has none. Raises CodecError."""
    last = _last_step(conn, site, fresh.name)
    if last is None:
        return None
    former = last.done.lane
    lane = replace(former, image=DARK, two_way=fresh.two_way)
    fate = Fate.NONE if former.live is None else _fate(conn, site, former.live.id)
    return TakenOver(lane, Left(last.event.at_s, fate), _missing(conn, site, last))


def _last_step(conn: Connection, site: SiteId, lane: LaneName) -> Recorded | None:
    """Read the lane's last rows, from the newest one that holds the whole lane on."""
    rows = []
    for row in rows_before(conn, site, lane, KINDS, ACTOR, MOST_ROWS):
        rows.append(row)
        if "begins" in row.body:
            break
    last = None
    for last in read_steps(reversed(rows)):  # noqa: B007 - the last one is what is wanted
        pass
    return last


def _fate(conn: Connection, site: SiteId, of: PassageId) -> Fate:
    """Look up the last OPEN for a passage in the book of commands."""
    mine = (intent.c.site == site) & (intent.c.passage == of) & (intent.c.code == int(CommandCode.OPEN))
    state = conn.scalar(select(intent.c.state).where(mine).order_by(intent.c.id.desc()).limit(1))
    return Fate.NONE if state is None else Fate[state]


def _missing(conn: Connection, site: SiteId, last: Recorded) -> tuple[c.Command, ...]:
    """Give what the last step decided for the books and is not in them; whatever else it commanded is past."""
    return tuple(command for command in last.done.commands if _is_missing(conn, site, last, command))


def _is_missing(conn: Connection, site: SiteId, last: Recorded, command: c.Command) -> bool:
    match command:
        case c.BeginStay() | c.EndStay() | c.AnnulStay() | c.OpenCase() | c.CloseCase():
            return True  # each of these is done once, however often it is told
        case c.RecordPassage(ended):
            return conn.scalar(select(passage.c.id).where(passage.c.id == ended.id)) is None
        case c.RecordRise(count=count):
            mine = (rise.c.site == site) & (rise.c.lane == last.before.name) & (rise.c.count == count)
            return conn.scalar(select(rise.c.id).where(mine & (rise.c.at >= last.at)).limit(1)) is None
        case _:
            return False
