"""Which reports there are: one list for the command, the page and the schedule. Their makers are known by name only."""

from dataclasses import dataclass
from typing import Final

from scada.model.saying import Words, say


@dataclass(frozen=True, slots=True)
class Option:
    """What a report may be narrowed by: `--key NAME`."""

    key: str
    title: Words
    about: Words


@dataclass(frozen=True, slots=True)
class Listed:
    """One report. `maker` is the function that makes it, as `module:function`; `about` is one line of help."""

    name: str
    title: Words
    about: Words
    maker: str
    options: tuple[Option, ...] = ()
    has_verdict: bool = False
    """It can find something wrong: the command then ends with 1."""
    is_technical: bool = False
    """It is about equipment: technicians see it, too."""


FORMATS: Final = ("html", "xlsx", "csv", "pdf", "json")
"""The forms in which a report reaches people and programs as a file."""

_ROOM = "scada.reports"

_FIGURES = f"{_ROOM}.documents.figures"

REPORTS: Final[tuple[Listed, ...]] = (
    Listed(
        "openings",
        say("Openings of the booms"),
        say(
            "reconcile openings, causes, commands, passages and stays per lane and hour; 1 if something is unexplained"
        ),
        f"{_ROOM}.documents.openings:openings",
        (Option("lane", say("Lane"), say("this lane only")),),
        has_verdict=True,
        is_technical=True,
    ),
    Listed(
        "day-sheet",
        say("Day sheet"),
        say("the owner's page: cars, money, debts, and whether all the books agree"),
        f"{_FIGURES}.daysheet:day_sheet",
        has_verdict=True,
    ),
    Listed(
        "traffic",
        say("Traffic and takings"),
        say("who came and left and what was paid, by hour, lane, vehicle and channel"),
        f"{_FIGURES}.traffic:traffic",
        (Option("by", say("Steps"), say("hour or day; up to three days are told by the hour")),),
        has_verdict=True,
    ),
    Listed(
        "dues",
        say("Dues"),
        say(
            "what was due, received, let off, left owing, paid later and written off, day by day, adding up to nothing"
        ),
        f"{_FIGURES}.dues:dues",
        has_verdict=True,
    ),
    Listed(
        "unpaid",
        say("Unpaid exits"),
        say("stays that left owing, what of it came in since, and what was lost where nothing held a car back"),
        f"{_FIGURES}.unpaid:unpaid",
    ),
    Listed(
        "till",
        say("Tills of the cashiers"),
        say("what people's tills took and held, and what was handed over, shift by shift"),
        f"{_FIGURES}.till:till",
        (Option("operator", say("Cashier"), say("this person only")),),
    ),
    Listed(
        "month-cards",
        say("Month cards"),
        say("what cards brought, which run out, and where more are sold than there are spaces"),
        f"{_FIGURES}.cards:month_cards",
        has_verdict=True,
    ),
    Listed(
        "occupancy",
        say("Occupancy"),
        say("how full each zone was, how long cars stayed, how often a space was used"),
        f"{_FIGURES}.occupancy:occupancy",
    ),
    Listed(
        "inside",
        say("Cars inside"),
        say("cars inside by the age of their visit, likely ghosts, and what a stocktake has to find out"),
        f"{_FIGURES}.inside:inside",
    ),
    Listed(
        "lanes",
        say("Lanes"),
        say("how far each lane could be relied on, how often it failed, and how its boom moves"),
        f"{_FIGURES}.lanes:lanes",
    ),
    Listed(
        "alarms",
        say("Alarms"),
        say("how many an hour at a seat, the commonest, those that chatter, how soon somebody acted"),
        f"{_FIGURES}.alarms:alarms",
    ),
    Listed(
        "by-hand",
        say("Openings by hand"),
        say("every opening by a person: who, who else, why, which car, what it owes or was let off"),
        f"{_ROOM}.documents.byhand:by_hand",
    ),
    Listed(
        "periods",
        say("Lanes held open, locked or on fire"),
        say("each time a lane was held open, on fire, locked or in maintenance: who, why, and what was lost"),
        f"{_ROOM}.documents.periods:periods",
    ),
    Listed(
        "calls",
        say("Calls for help"),
        say("every call for help: how long it waited, who answered, and how it ended"),
        f"{_ROOM}.documents.calls:calls",
        is_technical=True,
    ),
    Listed(
        "uncertain",
        say("Passages in doubt"),
        say("the passages of which nobody can say what came of their cars"),
        f"{_ROOM}.documents.uncertain:uncertain",
    ),
    Listed(
        "reconciliation",
        say("Orders, WeChat's bills and the bank"),
        say("our orders, WeChat's bills and the bank side by side, day by day; 1 if a day does not agree"),
        f"{_ROOM}.documents.reconciliation:reconciliation",
        has_verdict=True,
    ),
    Listed(
        "visitors",
        say("Announced visitors"),
        say("whom each host announced, who came, and what that cost it"),
        f"{_ROOM}.documents.visitors:visitors",
        (Option("host", say("Host"), say("this host's visitors only")),),
    ),
    Listed(
        "plates",
        say("How well the cameras read"),
        say("how well each camera read, by hour, and the reads that were rejected"),
        f"{_ROOM}.documents.plates:plates",
        is_technical=True,
    ),
)

_BY_NAME: Final = {one.name: one for one in REPORTS}


def report_named(name: str) -> Listed | None:
    """Find a report by its name."""
    return _BY_NAME.get(name)
