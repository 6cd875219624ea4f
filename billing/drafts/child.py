"""The process that prices stays under a draft: a task on standard input, progress and the result on standard output.

It reads the database as it stands, changes nothing, and is nicer than the plant. One line of JSON is one word.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from billing.drafts.past import Span, compare
from billing.tariff import TariffError, read_tariff
from billing.versions import holidays
from billing.versions.days import over, signed_days
from billing.versions.holidays import HolidayError
from scada.clock import clock_from
from scada.model.names import SiteId
from scada.store.db import reading_engine

_NICER: Final = 10


@dataclass(frozen=True, slots=True)
class Task:
    """What to price: whose stays of when, under which terms. Moments and places are texts."""

    url: str
    site: str
    zone: str
    holidays: str
    since: str
    until: str
    most: int
    draft: dict[str, object]

    def to_line(self) -> bytes:
        """Write it as one line."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"


def main() -> None:
    """Do one task."""
    os.nice(_NICER)
    task = Task(**json.loads(sys.stdin.readline()))
    try:
        _say(result=_priced(task))
    except (TariffError, HolidayError) as error:
        _say(error=str(error))
    except SQLAlchemyError as error:
        _say(error=f"the stays cannot be read: {type(error).__name__}")


def _priced(task: Task) -> dict[str, object]:
    span = Span(datetime.fromisoformat(task.since), datetime.fromisoformat(task.until), task.most)
    draft, own = read_tariff(task.draft), holidays.read(Path(task.holidays))
    engine = reading_engine(task.url, 1)
    try:
        with engine.connect() as conn:
            zone, site = ZoneInfo(task.zone), SiteId(task.site)
            table = over(own, signed_days(conn, site, clock_from().now()))
            return compare(conn, site, span, draft, zone, table, lambda done, of: _say(done=done, of=of))
    finally:
        engine.dispose()


def _say(**word: object) -> None:
    sys.stdout.write(json.dumps(word, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
