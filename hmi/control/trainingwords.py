"""A training in words: what is heard, what a mark means, and a person's record as it is printed. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hmi.i18n.words import translation
from scada.model.saying import Words, say
from scada.model.training.judge import Course, Mark, Remark, Score, Verdict, score
from scada.model.training.lessons import LESSONS, lets_out, settles

Translate = Callable[[str], str]

VERDICTS: Final[Mapping[Verdict, Words]] = {
    Verdict.RIGHT: say("Right"),
    Verdict.FAIR: say("Not wrong"),
    Verdict.WRONG: say("Wrong"),
    Verdict.NOTHING: say("Not solved"),
}
REMARKS: Final[Mapping[Remark, Words]] = {
    Remark.NEVER_ANSWERED: say("Nobody answered."),
    Remark.ANSWERED_LATE: say("Answered later than after 10 s."),
    Remark.ENDED_LATE: say("Ended later than after 45 s."),
    Remark.NOT_ENDED: say("It did not come to an end."),
    Remark.NEEDLESS: say("Something was done that was not needed."),
    Remark.WRONG_DEED: say("What was done was wrong here."),
    Remark.BETTER: say("There is a better way."),
}
DEEDS: Final[Mapping[str, Words]] = {
    "plate": say("Plate corrected"),
    "wrong-plate": say("Corrected to another plate"),
    "stay": say("Stay picked"),
    "wrong-stay": say("Another car's stay picked"),
    "send-fee": say("Fee sent to the lane"),
    "send-back": say("Sent back"),
    "cash": say("Cash taken"),
    "hold-open": say("Held open"),
    "lock": say("Locked"),
    "auto": say("Back to AUTO"),
    "leave-resync": say("RESYNC left"),
    "confirm-fault": say("Fault mended"),
    "refund": say("Money given back"),
    "close-money": say("Case about money closed"),
}
HIDDEN: Final = say("A surprise")


def lesson_words(translate: Translate) -> list[dict[str, str]]:
    """Give the lessons by name with their titles."""
    return [{"name": name, "title": lesson.title.told(translate)} for name, lesson in LESSONS.items()]


def shown(state: Mapping[str, Any], translate: Translate) -> dict[str, object]:
    """Put what the virtual car park tells into words; of a hidden lesson no name goes out before it is over."""
    now = state.get("now")
    results = [result_words(one, translate) for one in state.get("results", []) if one.get("lesson") in LESSONS]
    told = [parsed(one) for one in state.get("results", [])]
    trouble = str(state.get("trouble", ""))
    return {
        "now": _now(now, translate) if isinstance(now, dict) else None,
        "trouble": translate(trouble) if trouble else "",
        "results": results,
        "score": score_shown(score(told)),
    }


def _now(now: Mapping[str, Any], translate: Translate) -> dict[str, object]:
    lesson = LESSONS[str(now["lesson"])]
    called = now["phase"] in ("waiting", "running")
    heard = Words(lesson.heard.english, {"plate": str(now["plate"])}).told(translate) if called else ""
    title = HIDDEN if now["hidden"] else lesson.title
    kept = {name: now[name] for name in ("trainee", "phase", "since_s", "answered_s", "hidden")}
    return {**kept, "lesson": "" if now["hidden"] else lesson.name, "title": title.told(translate), "heard": heard}


def result_words(row: Mapping[str, Any], translate: Translate) -> dict[str, object]:
    """Put one mark into words, with what would have been better where something was not right."""
    lesson, verdict = LESSONS[str(row["lesson"])], Verdict(row["verdict"])
    return {
        **row,
        "title": lesson.title.told(translate),
        "verdict_words": VERDICTS[verdict].told(translate),
        "remarks": [REMARKS[Remark(one)].told(translate) for one in row["remarks"]],
        "deeds": [deed_words(str(one)).told(translate) for one in row["deeds"]],
        "better": lesson.better.told(translate),
    }


def deed_words(deed: str) -> Words:
    """Put a deed into words."""
    word = deed.partition(":")[2]
    if lets_out(deed):
        return say("Opened: %(reason)s", reason=Words(_REASONS.get(word, word)))
    if settles(deed):
        return say("Settled: %(outcome)s", outcome=Words(_FOUND.get(word, word)))
    return DEEDS.get(deed, Words(deed))


_FOUND: Final[Mapping[str, str]] = {
    "inside": "it is inside",
    "gone": "it has left",
    "no-car": "there was no car",
}
_REASONS: Final[Mapping[str, str]] = {
    "SPECIAL": "Special vehicle",
    "PAID_NOT_ARRIVED": "Paid, not arrived",
    "MISREAD": "Plate misread",
    "VISITOR": "Visitor, property",
    "EQUIPMENT": "Equipment fault",
    "GOODWILL": "Goodwill",
    "QUEUE": "Clearing a queue",
    "EMERGENCY": "Emergency",
}


def parsed(row: Mapping[str, Any]) -> tuple[Course, Mark]:
    """Read a mark back."""
    course = Course(row["answered_s"], row["ended_s"], tuple(row["deeds"]))
    remarks = tuple(Remark(one) for one in row["remarks"])
    return course, Mark(Verdict(row["verdict"]), int(row["points"]), remarks)


def score_shown(total: Score) -> dict[str, object]:
    """Write a score as the page shows it."""
    return {
        "answers": total.answers,
        "points": total.points,
        "right": total.right,
        "passed": total.passed,
        "answered_in_time": total.answered_in_time,
        "ended_in_time": total.ended_in_time,
        "answer_mean_s": total.answer_mean_s,
        "end_mean_s": total.end_mean_s,
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One lesson of the record, in both languages."""

    at: str
    zh: dict[str, Any]
    en: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One person's record, as it is printed. `missing` are the lessons nobody has seen the person take."""

    name: str
    score: Score
    lines: list[Line]
    missing: list[tuple[str, str]]


def sheet_of(name: str, rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Sheet:
    """Make a person's record, the newest lesson first."""
    zh, en = translation("zh"), translation("en")
    known = [row for row in rows if row["lesson"] in LESSONS]
    lines = [
        Line(
            datetime.fromisoformat(str(row["at"])).astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            result_words(row, zh),
            result_words(row, en),
        )
        for row in known
    ]
    taken = {row["lesson"] for row in known}
    missing = [(lesson.title.told(zh), lesson.title.told(en)) for key, lesson in LESSONS.items() if key not in taken]
    return Sheet(name, score([parsed(row) for row in known]), lines, missing)
