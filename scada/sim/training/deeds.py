"""What the plant wrote down of one lesson, turned into the words by which it is judged. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scada.model.desk.cases import PAPERS
from scada.model.training import lessons as w
from scada.model.training.judge import Course

Row = Mapping[str, object]
_PAPERS = frozenset(kind.value for kind in PAPERS)
_PLAIN = {
    "send fee": w.FEE,
    "send back": w.BACK,
    "hold open": w.HOLD,
    "lock": w.LOCK,
    "auto": w.AUTO,
    "leave resync": w.RESYNC,
    "confirm fault": w.CONFIRM,
    "cash taken": w.CASH,
    "refund wanted": w.REFUND,
    "money case closed": w.CLOSE_MONEY,
}


NOTHING_YET: Final = Course()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the lesson is about: the lanes where it happens, the right plate and the right stays.

    `paper`: the kind of a case for which no car waits; else such cases belong to another lesson.
    """

    lanes: frozenset[str]
    plate: str = ""
    stays: frozenset[str] = frozenset()
    paper: str = ""

    def is_about(self, case: Row) -> bool:
        """Say whether a case of the desk is the lesson's; one about money is in no lane."""
        if self.paper:
            return case["kind"] == self.paper and (case["lane"] is None or case["lane"] in self.lanes)
        return case["lane"] in self.lanes and case["kind"] not in _PAPERS


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it so far. `arose_at` is none before anything waits for a person; `who` acted first."""

    course: Course = NOTHING_YET
    arose_at: datetime | None = None
    is_open: bool = False
    who: str = ""


def told(asked: Asked, cases: Sequence[Row], journal: Iterable[Row]) -> Told:
    """Tell the story of a lesson from the desk's cases and the journal's rows since it began, oldest first."""
    mine = [case for case in cases if asked.is_about(case)]
    arose = min((_at(case["opened_at"]) for case in mine), default=None)
    if arose is None:
        return Told()
    done = [(row, deed) for row in journal if (deed := deed_of(row, asked)) is not None]
    acted = [(_at(row["at"]), str(row["actor"])) for row, _ in done]
    taken = [(_at(case["answered_at"]), str(case["answered_by"])) for case in mine if case["answered_at"] is not None]
    first = min((*taken, *acted), default=None)
    is_open = any(case["resolved_at"] is None for case in mine)
    ended = max((_at(case["resolved_at"]) for case in mine if case["resolved_at"] is not None), default=None)
    course = Course(
        None if first is None else _after(first[0], arose),
        None if is_open or ended is None else _after(ended, arose),
        tuple(deed for _, deed in done),
    )
    return Told(course, arose, is_open, "" if first is None else first[1])


def deed_of(row: Row, asked: Asked) -> str | None:
    """Name what a journal row says that a person did about the lesson's case; nothing for all else."""
    body = row["body"] if isinstance(row["body"], dict) else {}
    if row["kind"] not in ("person", "money") or (row["lane"] is not None and row["lane"] not in asked.lanes):
        return None
    match str(row["what"]):
        case "open gate":
            return w.opening(str(body.get("reason", "")))
        case "correct plate":
            return w.PLATE if body.get("plate") == asked.plate else w.WRONG_PLATE
        case "pick stay":
            return w.STAY if body.get("stay") in asked.stays else w.WRONG_STAY
        case "settles a case":
            return w.settling(str(body.get("outcome", "")).partition(":")[0])
        case "uncertain settled":
            return w.settling(str(body.get("found", "")))
        case what:
            return _PLAIN.get(what)


def _at(value: object) -> datetime:
    assert isinstance(value, datetime)  # noqa: S101 - a column of times
    return value


def _after(at: datetime, arose: datetime) -> float:
    return round(max(0.0, (at - arose).total_seconds()), 1)
