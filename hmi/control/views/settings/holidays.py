"""The holiday table: a year's days off and worked weekends, taken from the package, changed, and signed by two."""

from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import WITHIN_S, ask
from hmi.control.room import room
from hmi.control.views.settings.common import changed, number, seer, shown, told
from hmi.language import say, say_words
from scada.bridge import Message, Refused, Value

holidays = Blueprint("holidays", __name__, url_prefix="/settings/holidays")

_MOST_ROWS, _CELL = 366, 40
_WORDS = {"休": "holiday", "假": "holiday", "班": "workday"}


@holidays.get("")
def page() -> ResponseReturnValue:
    """Show a year; `seed` fills the form with what the package knows of it."""
    words = say("Signed. It holds for every price from now on.") if request.args.get("done") == "signed" else ""
    return _shown(words, 200)


def _shown(words: str, status: int) -> ResponseReturnValue:
    seer()
    year = number("year") or _this_year()
    found = told("holidays", {"year": year})
    days = found["days"]
    if request.args.get("seed"):
        match ask("seed_holidays", {"year": year}, within_s=WITHIN_S):
            case Value({"days": list() as seeded}):
                days = seeded
                words = words or say("These are the days of the package. Look through them, and sign.")
            case Refused(_, error):
                words, status = say("Refused: %(why)s", why=say_words(error)), 409
            case _:
                words, status = say("The plant does not answer."), 503
    return shown("holidays", words, status, found=found, year=year, text=_as_text(days))


def _this_year() -> int:
    return datetime.now(room().config.site.zone_info).year


@holidays.post("/sign")
def sign() -> ResponseReturnValue:
    """Set a whole year; a second person signs it in the same form."""
    args: Message = {"year": number("year"), "days": _typed(), "seen": number("seen")}
    may = signed_in().may("set_holidays")
    return changed("set_holidays", args, may, "holidays.page", "signed", _shown, year=str(number("year")))


def _typed() -> list[dict[str, str]]:
    """Read the lines of the form: the day, what it is, and its name if it has one."""
    rows = []
    for line in request.form.get("days", "").splitlines()[:_MOST_ROWS]:
        if parts := line.split(maxsplit=2):
            date, day, name = (*parts, "", "")[:3]
            rows.append({"date": date[:_CELL], "day": _WORDS.get(day, day)[:_CELL], "name": name[:_CELL]})
    return rows


def _as_text(days: object) -> str:
    rows = days if isinstance(days, list) else []
    return "\n".join(f"{one['date']} {one['day']} {one['name']}".rstrip() for one in rows)
