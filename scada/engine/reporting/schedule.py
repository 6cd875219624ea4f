"""Sends reports by themselves: what is due is written down once, made, given to each, and tried again if that fails."""

import asyncio
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.config import Config
from scada.engine.reporting.calendar import TRIES, next_due, owed, pause
from scada.engine.reporting.mail import NotKnown, NotSent, send, written
from scada.engine.reporting.task import Made, NotMade, Task
from scada.model.names import SiteId
from scada.model.tag import TagName, Value
from scada.ports import Journal, JournalEntry
from scada.secretfile import read_secret
from scada.settings.reports import ReportSchedule
from scada.store import reportbook
from scada.store.db import Database, StoreError
from scada.store.reportbook import Run

log = structlog.get_logger(__name__)

LOOK_S: Final = 20.0
FOLDER: Final = "folder"
CODE: Final = "report_not_sent"
TEXT: Final = "a report that is due did not reach all who are to have it"
TROUBLE: Final = TagName("site.reports_trouble")

UNSURE: Final = "nobody knows whether the mail was taken: ask, or send it again (daozha report schedule run)"
_FOR_PEOPLE: Final = frozenset({reportbook.GIVEN_UP, reportbook.UNKNOWN})

Make = Callable[[Task], Awaitable[Made]]


class Postman:
    """Makes the reports of a run and gives them to all who do not have them yet."""

    def __init__(
        self, config: Config, db: Database, clock: Clock, make: Make, trust: ssl.SSLContext | None = None
    ) -> None:
        self._config = config
        self._db = db
        self._clock = clock
        self._make = make
        self._trust = trust

    async def try_run(self, schedule: ReportSchedule, run: Run) -> str:
        """Try once, if nobody else does; give what went wrong, empty if nothing did."""
        site, now = self._config.site_id, self._clock.now()
        if not await self._db.write(lambda conn: reportbook.claim(conn, site, run, now)):
            return ""
        try:
            unsure = await self._deliver(schedule, run)
        except (NotMade, NotSent, OSError, UnicodeDecodeError) as error:
            why, at = str(error), self._clock.now()
            is_last = run.tries + 1 >= TRIES
            log.warning("a report was not sent", schedule=run.schedule, first=run.first.isoformat(), why=why[:200])

            def fail(conn: Connection) -> None:
                if is_last:
                    reportbook.close(conn, site, run, reportbook.GIVEN_UP, why, at)
                else:
                    reportbook.put_off(conn, site, run, why, at + pause(run.tries + 1))

            await self._db.write(fail)
            return why
        at, why = self._clock.now(), f"{UNSURE}: {', '.join(unsure)}" if unsure else ""
        state = reportbook.UNKNOWN if unsure else reportbook.DONE
        await self._db.write(lambda conn: reportbook.close(conn, site, run, state, why, at))
        return why

    async def _deliver(self, schedule: ReportSchedule, run: Run) -> list[str]:
        """Give the reports to all who do not have them; give those of whom nobody knows whether they have."""
        unsure = [to for to in targets(schedule) if to in run.begun and to not in run.delivered]
        waiting = [to for to in targets(schedule) if to not in run.delivered and to not in unsure]
        if not waiting:
            return unsure
        async with _folder() as folder:
            made = [await self._make(self._task(schedule, run, report, folder)) for report in schedule.reports]
            files = [folder / name for one in made for name in one.files]
            failed: list[str] = []
            for to in waiting:
                try:
                    await self._give(schedule, run, to, files, made)
                except NotKnown as error:
                    log.warning("a report may not have been taken", schedule=run.schedule, why=str(error)[:200])
                    unsure.append(to)
                except (NotSent, OSError, UnicodeDecodeError) as error:
                    failed.append(f"{to}: {error}")
        if failed:
            raise NotSent("; ".join(failed))
        return unsure

    async def _give(
        self, schedule: ReportSchedule, run: Run, to: str, files: Sequence[Path], made: Sequence[Made]
    ) -> None:
        """Give the reports to one, and write down that he has them: that a mail is on its way even before it is."""
        site = self._config.site_id
        if to == FOLDER and schedule.folder is not None:
            await asyncio.to_thread(_put, self._config.beside(schedule.folder), files)
        else:
            await self._db.write(lambda conn: reportbook.begin(conn, site, run, to))
            try:
                await asyncio.to_thread(self._send, schedule, run, to, files, made)
            except (NotSent, OSError, UnicodeDecodeError):
                await self._db.write(lambda conn: reportbook.not_taken(conn, site, run, to))
                raise
        await self._db.write(lambda conn: reportbook.delivered(conn, site, run, to))

    def _send(self, schedule: ReportSchedule, run: Run, to: str, files: Sequence[Path], made: Sequence[Made]) -> None:
        mail = self._config.mail
        if mail is None:
            raise NotSent("there is no [mail] in config.toml")
        site = self._config.site
        name = site.name if schedule.language == "zh" else site.name_en
        days = run.first.isoformat() if run.first == run.last else f"{run.first} – {run.last}"
        text = "\n".join([name, "", *(one.title for one in made), ""])
        key = f"{site.id} {run.schedule} {run.first}"
        message = written(mail, to, f"{name} · {schedule.name} · {days}", text, files, self._clock.now(), key)
        password = None if mail.password_file is None else read_secret(self._config.secret(mail.password_file))
        send(mail, password, message, self._trust)

    def _task(self, schedule: ReportSchedule, run: Run, report: str, folder: Path) -> Task:
        days = run.first.isoformat(), run.last.isoformat()
        forms, covered = tuple(schedule.formats), not schedule.whole_plates
        return Task(report, *days, forms, schedule.language, str(folder), covered=covered)


class Scheduler:
    """Looks now and then what is due."""

    def __init__(
        self,
        config: Config,
        db: Database,
        journal: Journal,
        clock: Clock,
        show: Callable[[TagName, Value], None],
        postman: Postman,
    ) -> None:
        self._config = config
        self._db = db
        self._journal = journal
        self._clock = clock
        self._show = show
        self._postman = postman
        self._is_raised = False

    async def run(self) -> None:
        """Look until cancelled. A database that fails costs a round."""
        while self._config.report_schedule:
            try:
                await self.look()
            except (StoreError, SQLAlchemyError) as error:
                log.error("scheduled reports are not looked after", error=str(error)[:200])
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Write down what is due, try what waits, and tell if something fails."""
        await self._plan()
        now, by_name = self._clock.now(), {one.name: one for one in self._config.report_schedule}
        for run in await self._runs():
            if run.schedule in by_name and run.state == reportbook.WAITING and run.next_at <= now:
                await self._postman.try_run(by_name[run.schedule], run)
        await self._tell([run for run in await self._runs() if run.schedule in by_name])

    async def _plan(self) -> None:
        runs, now, zone = await self._runs(), self._clock.now(), self._config.site.zone_info
        for schedule in self._config.report_schedule:
            known = {run.first for run in runs if run.schedule == schedule.name}
            due = [(schedule.name, one.first, one.last, now) for one in owed(schedule, known, now, zone)]
            for row in due:
                await self._db.write(partial(_write_down, self._config.site_id, row))

    async def _runs(self) -> list[Run]:
        return await self._db.read(lambda conn: reportbook.all_runs(conn, self._config.site_id))

    async def _tell(self, runs: Sequence[Run]) -> None:
        """Raise the alarm while reports that failed wait, and while a person has to see to a schedule's last ones."""
        newest = {run.schedule: run for run in runs}
        waiting = [run for run in runs if run.state == reportbook.WAITING and run.why]
        failed = [*waiting, *(run for run in newest.values() if run.state in _FOR_PEOPLE)]
        detail = "; ".join(f"{run.schedule} {run.first}: {run.why}" for run in failed)[:300]
        self._show(TROUBLE, f"{CODE}: {detail}" if failed else "")
        if failed and not self._is_raised:
            log.warning("alarm", code=CODE, text=TEXT, detail=detail)
            await self._journal.append([JournalEntry("alarm", "reports", CODE, body={"text": TEXT, "detail": detail})])
        elif self._is_raised and not failed:
            await self._journal.append([JournalEntry("event", "reports", "alarm over", body={"code": CODE})])
        self._is_raised = bool(failed)


def _write_down(site: SiteId, row: tuple[str, date, date, datetime], conn: Connection) -> None:
    reportbook.plan(conn, site, *row)


def how_it_goes(config: Config, runs: Sequence[Run], now: datetime) -> list[dict[str, str]]:
    """Tell of every schedule what it sends, when it is due next, and how its last run went; `runs` the oldest first."""
    last = {run.schedule: run for run in runs}
    return [_how(config, one, last.get(one.name), now) for one in config.report_schedule]


def _how(config: Config, schedule: ReportSchedule, run: Run | None, now: datetime) -> dict[str, str]:
    return {
        "name": schedule.name,
        "every": schedule.every,
        "reports": ", ".join(schedule.reports),
        "to": ", ".join(targets(schedule)),
        "next": next_due(schedule, now, config.site.zone_info).isoformat(timespec="minutes"),
        "last period": "" if run is None else f"{run.first} - {run.last}",
        "state": "" if run is None else run.state,
        "why": "" if run is None else run.why,
    }


def targets(schedule: ReportSchedule) -> tuple[str, ...]:
    """Give all who are to have the reports of a schedule."""
    return (*((FOLDER,) if schedule.folder is not None else ()), *schedule.to)


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    """Give a folder that is there for a while."""
    path = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="daozha-reports-"))
    try:
        yield path
    finally:
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


def _put(folder: Path, files: Sequence[Path]) -> None:
    """Put files into a folder, each whole or not at all; one that was there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        beside = folder / f".{file.name}.{os.getpid()}"
        try:
            shutil.copyfile(file, beside)
            beside.replace(folder / file.name)
        finally:
            beside.unlink(missing_ok=True)
