"""The report `alarms`: how many an hour at a seat, the ten commonest, those that chatter, how soon somebody acted."""

from dataclasses import asdict

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Chart,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    count,
    seconds,
    several,
    table_of,
    text,
)
from scada.reports.lot.alarms import TOP, AlarmFigures, read_acts, read_alarms, reckon, standing

_KINDS = (
    text("code", say("Alarm")),
    count("alarms", say("Alarms")),
    several("lanes", say("Lanes")),
    count("chattering", say("Chattering")),
    count("acted", say("Somebody acted")),
    seconds("act_median_s", say("Acted after, median")),
)
_HOW = say(
    "Somebody acted: the first thing that a person did at the lane within half an hour."
    " A seat counts for every hour in which its person did anything."
)


def alarms(connection: Connection, asked: Asked) -> Sections:
    """Tell the alarms."""
    told = read_alarms(connection, asked.site, asked.since, asked.until)
    found = reckon(told, read_acts(connection, asked.site, asked.since, asked.until), asked.until)
    top = found.kinds[:TOP]
    chart = Chart(
        Shape.BARS, tuple(one.code for one in top), (Series(say("Alarms"), tuple(one.alarms for one in top)),)
    )
    return (
        Section(say("Together"), (_HOW,), figures=_figures(found), name="sums"),
        Section(say("Standing now"), figures=_standing(standing(connection, asked.site)), name="standing"),
        Section(say("The commonest"), table=table_of("kinds", _KINDS, found.kinds), chart=chart),
    )


def _figures(found: AlarmFigures) -> tuple[Figure, ...]:
    titles = {
        "alarms": (say("Alarms"), Kind.COUNT),
        "seat_hours": (say("Hours at seats"), Kind.COUNT),
        "per_seat_hour": (say("Alarms an hour at a seat"), Kind.FIGURE),
        "chattering": (say("Chattering"), Kind.COUNT),
        "acted": (say("Somebody acted"), Kind.COUNT),
        "act_median_s": (say("Acted after, median"), Kind.DURATION),
        "act_worst_s": (say("Acted after, longest"), Kind.DURATION),
    }
    told = asdict(found)
    return tuple(Figure(key, title, told[key], kind) for key, (title, kind) in titles.items())


def _standing(counts: dict[str, int]) -> tuple[Figure, ...]:
    titles = {
        "faults": say("Faults of barriers"),
        "periods": say("Lanes not in AUTO"),
        "cases": say("Cases of lanes"),
        "calls": say("Calls for help"),
        "money_cases": say("Cases about money"),
        "in_doubt": say("Passages in doubt"),
    }
    return tuple(Figure(key, title, counts[key]) for key, title in titles.items())
