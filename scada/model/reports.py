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
        "by-hand",
        say("Openings by hand"),
        say("every opening by a person: who, who else, why, which car, what it owes or was let off"),
        f"{_ROOM}.documents.byhand:by_hand",
    ),
    Listed(
        "calls",
        say("Calls for help"),
        say("every call for help: how long it waited, who answered, and how it ended"),
        f"{_ROOM}.documents.calls:calls",
    ),
)

_BY_NAME: Final = {one.name: one for one in REPORTS}


def report_named(name: str) -> Listed | None:
    """Find a report by its name."""
    return _BY_NAME.get(name)
