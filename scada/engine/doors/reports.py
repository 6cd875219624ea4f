"""Reports for the control room: who may make one, made beside the plant, fetched in pieces, forgotten after a while."""

from pathlib import Path
from typing import Final, Self

from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.jobs import Jobs
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.plates import may_see_plates
from scada.engine.reporting.runs import Runs
from scada.engine.reporting.task import Task
from scada.model.reports import FORMATS, Listed, report_named
from scada.model.rights import Role
from scada.ports import Journal, JournalEntry
from scada.store.operators import Operators

PIECE: Final = "piece"
"""The form in which the page shows a report."""
WAITING: Final = 6
"""Reports that are being made or wait for their turn; whoever asks for more is told to wait."""
KEPT: Final = 100
"""Those that were made among them."""
KEPT_S: Final = 900.0
"""How long a report that was made can be fetched."""
_LANGUAGES: Final = ("zh", "en")


class ReportDesk:
    """The verbs of reports; the rights to them are checked before these are called."""

    def __init__(self, runs: Runs, operators: Operators, journal: Journal, clock: Clock, folder: Path) -> None:
        self._runs = runs
        self._operators = operators
        self._journal = journal
        self._jobs = Jobs(folder, clock, waiting=WAITING, most=KEPT, kept_s=KEPT_S)

    async def __aenter__(self) -> Self:
        await self._jobs.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._jobs.__aexit__(*failure)

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "make_report": self._make,
            "report_made": self._jobs.tell,
            "report_part": self._jobs.part,
            "stop_report": self._jobs.stop,
        }

    async def _make(self, ask: Ask) -> object:
        """Begin to make a report; how it goes: `report_made`."""
        listed, role = _listed(ask), await self._operators.role_of(ask.user)
        if role == Role.TECHNICIAN.value and not listed.is_technical:
            raise BridgeRefusal("forbidden", "your role may not see this report")
        covered = not await may_see_plates(self._operators, ask)
        if not await self._jobs.has_room():
            raise BridgeRefusal("refused", "many reports are being made: wait for one of them")
        async with self._jobs.place(ask.user) as job:
            task = _task(ask, listed, str(job.folder), covered=covered)
            said = {"report": listed.name, "from": task.since, "to": task.to, "form": task.forms[0], "covered": covered}
            await self._journal.append([JournalEntry("person", ask.user, "report asked for", None, None, said)])
            self._jobs.begin(job, f"report {listed.name}", self._runs.make(task))
        return job.told()


def _listed(ask: Ask) -> Listed:
    listed = report_named(text_of(ask, "report"))
    if listed is None:
        raise BridgeRefusal("bad_args", "there is no such report")
    return listed


def _task(ask: Ask, listed: Listed, folder: str, *, covered: bool) -> Task:
    form, language = text_of(ask, "form"), text_of(ask, "language")
    if form not in (*FORMATS, PIECE) or language not in _LANGUAGES:
        raise BridgeRefusal("bad_args", "no such form or language")
    options = {one.key: value for one in listed.options if (value := optional(ask, one.key))}
    days = text_of(ask, "from"), text_of(ask, "to")
    return Task(listed.name, *days, (form,), language, folder, options, covered)
