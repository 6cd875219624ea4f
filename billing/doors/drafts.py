"""The verbs of drafts: what past stays would have cost under a tariff that nobody has signed yet."""

import tomllib
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection

from billing.books import Books
from billing.drafts.child import Task
from billing.drafts.run import BusyError, DraftRuns, Run
from billing.tariff import Tariff, TariffError, read_tariff
from billing.versions import holidays
from scada.clock import Clock
from scada.config import Config
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.store.db import Database

MOST_STAYS: Final = 1_000_000
MOST_DAYS: Final = 400
LONGEST_DRAFT: Final = 65_536


class DraftDesk:
    """Prices under a draft, for the control room; the rights are checked before these are called."""

    def __init__(self, config: Config, db: Database, clock: Clock, runs: DraftRuns) -> None:
        self._config = config
        self._books = Books.of(config)
        self._db = db
        self._clock = clock
        self._runs = runs

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"price_under_draft": self._start, "draft_prices": self._tell, "stop_draft": self._stop}

    async def _start(self, ask: Ask) -> object:
        """Begin to price the stays that ended on some days; how far it is and what came of it: `draft_prices`."""
        draft, (since, until) = _draft(ask), self._days(ask)
        config = self._config
        task = Task(
            url=self._db.url,
            site=config.site_id,
            zone=config.site.zone_info.key,
            holidays=str(holidays.path_in(config.data)),
            since=since.isoformat(),
            until=until.isoformat(),
            most=MOST_STAYS,
            draft=draft.terms(),
        )
        try:
            run = self._runs.start(task)
        except BusyError as error:
            raise BridgeRefusal("refused", str(error)) from error
        at, days = self._clock.now(), {"since": task.since, "until": task.until}

        def work(conn: Connection) -> None:
            named = {"version": draft.version, "digest": draft.digest, **days}
            self._books.tell_of(conn, at, ask.user, "prices under a draft asked for", **named)

        await self._db.write(work)
        return run.to_json()

    async def _tell(self, ask: Ask) -> object:
        return self._run(ask).to_json()

    async def _stop(self, ask: Ask) -> object:
        run = self._run(ask)
        await self._runs.stop()
        return run.to_json()

    def _run(self, ask: Ask) -> Run:
        run = self._runs.last(whole_number(ask, "run", 1, 1 << 31))
        if run is None:
            raise BridgeRefusal("bad_args", "there is no such run any more")
        return run

    def _days(self, ask: Ask) -> tuple[datetime, datetime]:
        """Give the days asked for, both included, from midnight to midnight of the site's own clock."""
        zone = self._config.site.zone_info
        try:
            first, last = (date.fromisoformat(text_of(ask, name)) for name in ("from", "to"))
            since = datetime.combine(first, time(), zone)
            until = datetime.combine(last + timedelta(days=1), time(), zone)
        except (ValueError, OverflowError) as error:
            raise BridgeRefusal("bad_args", "from and to are days like 2026-05-01") from error
        if not timedelta() < until - since <= timedelta(days=MOST_DAYS):
            raise BridgeRefusal("bad_args", f"from 1 to {MOST_DAYS} days, the first one first")
        return since, until


def _draft(ask: Ask) -> Tariff:
    written = ask.args.get("draft")
    if not isinstance(written, str) or not written or len(written) > LONGEST_DRAFT:
        raise BridgeRefusal("bad_args", "draft is the text of a tariff file")
    try:
        return read_tariff(tomllib.loads(written))
    except TariffError as error:
        raise BridgeRefusal("bad_args", "\n".join(str(fault) for fault in error.faults)) from error
    except (ValueError, RecursionError) as error:
        raise BridgeRefusal("bad_args", f"the draft is not TOML: {error}") from error
