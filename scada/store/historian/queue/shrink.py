"""Making room in the queue's file: the oldest analog values are thinned first, then go; events stay."""

from dataclasses import dataclass
from sqlite3 import Connection

from scada.store.historian.queue.tables import Gap, Held, Kind, pack, pieces, unpack
from scada.store.historian.queue.thinning import thinned

THIN_LINES = 5_000
"""So many lines are looked through in one commit at most: the thread that does it shares the processor with lanes."""
_TOLERANCE = 1.1
"""So far above its room the queue may be while there is still something to thin."""
_OLDEST = "SELECT id, lines, made_at, body FROM segment WHERE kind = ? AND id > ? ORDER BY id"
_SIZES = "SELECT id, lines, made_at, length(body) FROM segment WHERE kind = ? AND id > ? ORDER BY id"
_REPLACE = "UPDATE segment SET lines = ?, raw_bytes = ?, body = ?, kind = 2 WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is held afterwards, and the gaps that were made."""

    held: Held
    gaps: tuple[Gap, ...] = ()

    @property
    def lines(self) -> int:
        """How many lines were given up."""
        return sum(gap.lines for gap in self.gaps)


def shrink(connection: Connection, allowed: int, held: Held, after: int) -> Shrunk:
    """Bring what is held down to what is allowed; of segments up to `after` one is under way, they are left alone."""
    if held.bytes <= allowed or not held.analog_lines:
        return Shrunk(held)
    done = _thin(connection, held, after)
    if done.held.bytes <= allowed or (done.gaps and done.held.bytes <= allowed * _TOLERANCE):
        return done
    held, gaps = done.held, list(done.gaps)
    for kind in (Kind.THINNED, Kind.ANALOG):
        more = _drop(connection, kind, allowed, held, after)
        held, gaps = more.held, [*gaps, *more.gaps]
    return Shrunk(held, tuple(gaps))


def _thin(connection: Connection, held: Held, after: int) -> Shrunk:
    """Put the oldest analog segments together, and keep of their lines what a curve needs."""
    ids: list[int] = []
    times: list[str] = []
    lines: list[str] = []
    for number, count, made_at, body in connection.execute(_OLDEST, (Kind.ANALOG, after)):
        if ids and len(lines) + count > THIN_LINES:
            break
        ids.append(number)
        times.append(made_at)
        lines += unpack(body)
        held = held.plus(Kind.ANALOG, -count, -len(body))
    if not ids:
        return Shrunk(held)
    kept = thinned(lines)
    for number, piece in zip(ids, pieces(kept), strict=False):
        packed = pack(piece)
        connection.execute(_REPLACE, (*packed, number))
        held = held.plus(Kind.THINNED, len(piece), len(packed[2]))
    connection.executemany("DELETE FROM segment WHERE id = ?", [(number,) for number in ids[len(pieces(kept)) :]])
    gone = len(lines) - len(kept)
    return Shrunk(held, (Gap(gone, times[0], times[-1], "thinned"),) if gone else ())


def _drop(connection: Connection, kind: Kind, allowed: int, held: Held, after: int) -> Shrunk:
    """Delete the oldest segments of a kind until what is left is allowed."""
    gone: list[tuple[int]] = []
    lines, since, until = 0, "", ""
    for number, count, made_at, size in connection.execute(_SIZES, (kind, after)):
        if held.bytes <= allowed:
            break
        gone.append((number,))
        lines, since, until = lines + count, since or made_at, made_at
        held = held.plus(kind, -count, -size)
    connection.executemany("DELETE FROM segment WHERE id = ?", gone)
    return Shrunk(held, (Gap(lines, since, until, "dropped"),) if gone else ())
