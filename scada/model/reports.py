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


FORMATS: Final = ("html", "xlsx", "csv", "pdf", "json")
"""The forms in which a report reaches people and programs as a file."""

_ROOM = "scada.reports"

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
    ),
)

_BY_NAME: Final = {one.name: one for one in REPORTS}


def report_named(name: str) -> Listed | None:
    """Find a report by its name."""
    return _BY_NAME.get(name)
