"""The parts of a support bundle: each gives one text, and reads what it needs from one place."""

import csv
import io
import json
import os
import platform
import queue
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, func, select

from scada.backup.facts import facts_of
from scada.bridge import Bridge
from scada.check import check
from scada.check.report import as_json
from scada.config import Config
from scada.engine.lanetags import PERSONAL
from scada.model.tag import TagName, point_of
from scada.store.schema import alarm, alarm_event, journal

MOST_ROWS: Final = 20_000
"""Rows of the journal, the newest; a busy day has fewer."""
_LINK_S: Final = 5.0
_LOG_S: Final = 60.0
_LOG_LINES: Final = 20_000
_LOG_BYTES: Final = 4_000_000
_UNIT: Final = "daozha"


def about(config: Config, now: datetime) -> str:
    """Say what runs here, and on what."""
    lanes = [{"id": str(lane.id), "way": lane.direction} for lane in config.lanes]
    told = {
        "made_at": now.isoformat(),
        "site": config.site_id,
        "virtual": config.site.virtual,
        "zone": config.site.zone,
        "daozha": version("daozha"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "memory": _fields(Path("/proc/meminfo"), ("MemTotal", "MemAvailable", "SwapFree")),
        "up_s": float(Path("/proc/uptime").read_text().split()[0]),
        "lanes": lanes,
        "cameras": len(config.cameras),
        "packages": dict(sorted((one.metadata["Name"], one.version) for one in distributions())),
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def checked(file: Path) -> str:
    """Say what `daozha check` says."""
    return as_json(file, check(file))


def tables(conn: Connection) -> str:
    """Say which tables there are, and how full they are."""
    facts = facts_of(conn)
    rows = [
        ("revision", facts.revision),
        ("kind", facts.kind),
        ("journal", facts.journal_n),
        *sorted(facts.rows.items()),
    ]
    return _sheet(("what", "value"), rows)


def journal_rows(conn: Connection, site: str, since: datetime) -> str:
    """Give what happened, without what it happened to: bodies hold plates."""
    table = journal
    wanted = (
        select(table.c.n, table.c.at, table.c.kind, table.c.actor, table.c.what, table.c.lane, table.c.passage)
        .where(table.c.site == site, table.c.at >= since)
        .order_by(table.c.n.desc())
        .limit(MOST_ROWS)
    )
    rows = [(row.n, row.at.isoformat(), *row[2:]) for row in conn.execute(wanted)]
    return _sheet(("n", "at", "kind", "actor", "what", "lane", "passage"), reversed(rows))


def alarms(conn: Connection, site: str, since: datetime) -> str:
    """Give the alarms that stand, and how often each came."""
    counted = (
        select(alarm_event.c.alarm, func.count())
        .where(alarm_event.c.site == site, alarm_event.c.at >= since)
        .group_by(alarm_event.c.alarm)
    )
    times: dict[str, int] = {row[0]: row[1] for row in conn.execute(counted)}
    rows = conn.execute(select(alarm).where(alarm.c.site == site).order_by(alarm.c.priority, alarm.c.id)).all()
    told = [_of_alarm(row, times.get(row.id, 0)) for row in rows]
    head = ("alarm", "priority", "active", "unacked", "shelved", "suppressed", "out of service", "since", "events")
    return _sheet((*head, "value", "detail"), told)


def _of_alarm(row: Row[Any], events: int) -> tuple[object, ...]:
    overlays = (row.shelved, row.suppressed, row.out_of_service)
    began = row.since.isoformat() if row.since else ""
    return (row.id, row.priority, row.active, row.unacked, *overlays, began, events, row.value, row.detail)


def files(data: Path) -> str:
    """List the data folder; pictures only by number and size."""
    rows: list[tuple[object, ...]] = []
    pictures, room = 0, 0
    for path in sorted(data.rglob("*")):
        try:
            found = path.lstat()
        except OSError:
            continue
        if path.is_relative_to(data / "pictures") and path.is_file():
            pictures, room = pictures + 1, room + found.st_size
            continue
        at = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
        rows.append((path.relative_to(data), found.st_size, f"{found.st_mode:o}", at))
    free = os.statvfs(data)
    rows += [(f"pictures: {pictures}", room, "", ""), ("free on this disk", free.f_bavail * free.f_frsize, "", "")]
    return _sheet(("file", "bytes", "mode", "changed"), rows)


def processes(file: Path) -> str:
    """List the site's processes with what each holds: memory, threads, descriptors."""
    rows: list[tuple[object, ...]] = []
    for folder in Path("/proc").iterdir():
        words = _words(folder) if folder.name.isdecimal() else []
        if str(file) not in words and str(file.resolve()) not in words:
            continue
        status = _fields(folder / "status", ("PPid", "VmRSS", "Threads", "State"))
        held = (status.get("VmRSS"), status.get("Threads"), _count(folder / "fd"))
        rows.append((int(folder.name), status.get("PPid"), " ".join(words[1:4]), status.get("State"), *held))
    rows.sort(key=lambda row: str(row[2]))
    return _sheet(("pid", "parent", "command", "state", "memory", "threads", "descriptors"), rows)


def tags(config: Config) -> str:
    """Give what the plant's tags say now, but for those that name somebody."""
    told: queue.Queue[list[list[object]]] = queue.Queue()
    bridge = Bridge(config.socket("control"), "control")
    bridge.listen(lambda message: told.put(cast("list[list[object]]", message["tags"])), lambda _: None, lambda _: None)
    with bridge:
        try:
            rows = told.get(timeout=_LINK_S)
        except queue.Empty:
            return "no plant answers here\n"
    return _sheet(("tag", "value", "status", "at"), (row for row in rows if not _names_somebody(str(row[0]))))


def log_lines(hours: float) -> str:
    """Give the log as systemd's journal keeps it."""
    since = f"-{int(hours * 60)}min"
    command = [
        "journalctl",
        "--unit",
        _UNIT,
        "--since",
        since,
        "--lines",
        f"{_LOG_LINES}",
        "--no-pager",
        "-o",
        "short-iso",
    ]
    done = subprocess.run(  # noqa: S603 - our own words, and journalctl is where systemd is
        command, capture_output=True, text=True, timeout=_LOG_S, check=False, errors="replace"
    )
    return done.stdout or f"journalctl: {done.stderr.strip() or 'nothing'}\n"


def tail(file: Path) -> str:
    """Give the last of a log that is a file."""
    with file.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - _LOG_BYTES))
        return log.read(_LOG_BYTES).decode(errors="replace")


def since(now: datetime, hours: float) -> datetime:
    """Give the moment so many hours before now."""
    return now - timedelta(hours=hours)


def _names_somebody(name: str) -> bool:
    return point_of(TagName(name)) in PERSONAL


def _sheet(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    with closing(io.StringIO()) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        return out.getvalue()


def _fields(file: Path, names: Sequence[str]) -> Mapping[str, str]:
    try:
        lines = (line.partition(":") for line in file.read_text().splitlines())
        return {name: value.strip() for name, _, value in lines if name in names}
    except OSError:
        return {}


def _words(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return -1
