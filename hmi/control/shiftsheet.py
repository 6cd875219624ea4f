"""The printed sheet of a shift: what the plant kept in codes, in the words of both languages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hmi.i18n.said import said
from hmi.i18n.words import translation
from scada.model.desk.cases import Kind
from scada.model.lane.words import Reason
from scada.model.money import Fen, yuan_text

_KINDS: Final[Mapping[str, str]] = {
    kind.value: text
    for kind, text in {
        Kind.CALL: "Driver calls",
        Kind.UNREAD: "Plate not read",
        Kind.NO_STAY: "No stay found",
        Kind.CLAIM: "Claim to check",
        Kind.DOUBT: "Doubt: look first",
        Kind.PAYMENT: "Not paid",
        Kind.ADMISSION: "Not admitted",
        Kind.LINGERING: "Nobody passes",
        Kind.OTHER: "Lane waits",
        Kind.FAULT: "Barrier fault",
        Kind.RESYNC: "Lane in RESYNC",
        Kind.MONEY: "Money",
        Kind.UNCERTAIN: "UNCERTAIN",
        Kind.TAILGATE: "Tailgater owes",
        Kind.LEFT_NO_STAY: "Left without a stay",
    }.items()
}
REASONS: Final[Mapping[str, str]] = {
    reason.value: text
    for reason, text in {
        Reason.SPECIAL: "Special vehicle",
        Reason.PAID_NOT_ARRIVED: "Paid, not arrived",
        Reason.MISREAD: "Plate misread",
        Reason.VISITOR: "Visitor, property",
        Reason.EQUIPMENT: "Equipment fault",
        Reason.GOODWILL: "Goodwill",
        Reason.QUEUE: "Clearing a queue",
        Reason.EMERGENCY: "Emergency",
    }.items()
}
"""What the reasons of an opening by hand are called in English."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sheet in Chinese and in English."""

    zh: str
    en: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed."""

    operator: str
    taken_by: str
    began_at: str
    ended_at: str
    answered: int
    resolved: int
    openings: list[Line]
    receipts: int
    cash: str
    note: str
    cases: list[Line]


def sheet_of(found: Mapping[str, Any], zone: ZoneInfo, titles: Mapping[str, tuple[str, str]]) -> Sheet:
    """Put a handed-over shift into words; `titles`: what the lanes are called in Chinese and in English."""
    kept = found["sheet"]
    totals = kept["totals"]
    return Sheet(
        operator=str(found["operator"]),
        taken_by=str(found["taken_by"]),
        began_at=_minute(found["began_at"], zone),
        ended_at=_minute(found["ended_at"], zone),
        answered=int(totals["answered"]),
        resolved=int(totals["resolved"]),
        openings=[_line(REASONS.get(reason, reason), str(count)) for reason, count in totals["openings"].items()],
        receipts=int(totals["receipts"]),
        cash=yuan_text(Fen(int(totals["cash_fen"]))),
        note=str(found["note"]),
        cases=[_case(case, titles) for case in kept["cases"]],
    )


def _case(case: Mapping[str, Any], titles: Mapping[str, tuple[str, str]]) -> Line:
    """Say where a case stands open, what it is about and why."""
    zh, en = titles.get(str(case["lane"]), (str(case["lane"]), str(case["lane"])))
    kind, why = _KINDS.get(str(case["kind"]), str(case["kind"])), str(case["why"])

    def told(title: str, language: str) -> str:
        return " · ".join(part for part in (title, translation(language)(kind), said(why, language)) if part)

    return Line(told(zh, "zh"), told(en, "en"), str(case["owner"]))


def _line(text: str, value: str) -> Line:
    return Line(translation("zh")(text), text, value)


def _minute(at: object, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(str(at)).astimezone(zone).strftime("%Y-%m-%d %H:%M")
