"""The page of a host's own people: announce a visitor, change or withdraw that, see who came and what it cost.

They sign in by the code of their merchant, as a shop's staff does; the plant decides everything.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.driver import PROVINCES, SIGNS, status_of, trouble
from hmi.public.forms import check_form
from hmi.public.staff import ask, config, local, page, refused, session_held, sign_in_page, subject, yuan
from hmi.public.visitor import seat
from scada.bridge import Refused, Reply, Value

host = Blueprint("host", __name__, url_prefix="/shop/visitors")

_SIZES: Mapping[str, Sequence[int]] = {
    "minutes": (60, 120, 240, 480),
    "money": (1000, 2000, 3000, 5000),
}
_TIMES = (1, 2, 3, 5, 10, 0)
_FIELDS = ("plate", "since", "until", "pays", "entries", "note")
_LONGEST = 64
_VISIT = timedelta(hours=4)
_TO_COME = ("expected", "came")


def limit_hosts(limiter: Limiter) -> None:
    """Bound what one address may send: all of a host's people may share one."""
    limiter.limit("30/minute;600/hour", key_func=seat, methods=["POST"])(host)
    limiter.limit("120/minute", key_func=seat, methods=["GET"])(host)


@host.get("")
def view() -> ResponseReturnValue:
    """Show the form and the bookings; with `change`, the form filled with one of them."""
    return _shown()


@host.post("/book")
def book() -> ResponseReturnValue:
    """Announce the visitor of the form."""
    check_form(subject())
    return _done(ask("host_book", once=request.form.get("once", "")[:64], **_asked()), "booked")


@host.post("/change")
def change() -> ResponseReturnValue:
    """Announce anew a visitor who has not come."""
    check_form(subject())
    return _done(ask("host_change", booking=request.form.get("booking", "")[:26], **_asked()), "changed")


@host.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a booking back."""
    check_form(subject())
    return _done(ask("host_withdraw", booking=request.form.get("booking", "")[:26]), "withdrawn")


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "")[:_LONGEST].strip() for name in _FIELDS}


def _asked() -> dict[str, object]:
    typed = _typed()
    entries = typed["entries"]
    return {**typed, "entries": int(entries) if entries.isascii() and entries.isdecimal() else 1}


def _done(reply: Reply, what: str) -> ResponseReturnValue:
    match reply:
        case Value():
            return redirect(url_for("host.view", lang=request.args.get("lang"), done=what), 303)
        case Refused("signed_out"):
            return refused(reply, "", 401)
        case _:
            return _shown(_why(reply), _status(reply))


def _shown(words: str = "", status: int = 200) -> ResponseReturnValue:
    if not session_held():
        return sign_in_page(words, status)
    match ask("host_view"):
        case Value(dict() as told):
            return page("host", words or _news(), status, shown=_told(told, is_wrong=bool(words)))
        case reply:
            return refused(reply, _why(reply), _status(reply))


def _told(told: Mapping[str, object], *, is_wrong: bool) -> dict[str, object]:
    """Give what the page shows; a form that was refused is shown as it was filled in."""
    held = told.get("bookings")
    rows = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
    changing = request.form.get("booking") or request.args.get("change", "")
    old = next((row for row in rows if row["id"] == changing and row["may_change"]), None)
    form = _typed() if is_wrong and request.endpoint != "host.withdraw" else _filled(old)
    shown = [_row(row) for row in rows]
    return {
        "told": told,
        "form": form,
        "booking": "" if old is None else old["id"],
        "once": secrets.token_urlsafe(16),
        "choices": list(_choices(form["pays"])),
        "times": list(_times(form["entries"])),
        "to_come": [row for row in shown if row["is_open"]],
        "over": [row for row in shown if not row["is_open"]],
        "month": yuan(told.get("month_fen")),
        "month_most": yuan(told["month_most_fen"]) if told.get("month_most_fen") else "",
        "left": None if told.get("left_fen") is None else yuan(told["left_fen"]),
        "keys": {"provinces": PROVINCES, "signs": SIGNS},
    }


def _filled(old: Mapping[str, object] | None) -> dict[str, str]:
    """Fill the form in: with a booking that is changed, or for somebody who comes now."""
    if old is None:
        now = datetime.now(config().site.zone_info)
        times = {"since": _field(now), "until": _field(now + _VISIT)}
        return {"plate": "", **times, "pays": "none", "entries": "1", "note": ""}
    pays = f"{old['pays']}:{old['value']}" if old["value"] else str(old["pays"])
    times = {"since": _field(local(old["comes_at"])), "until": _field(local(old["goes_at"]))}
    return {"plate": str(old["plate"]), **times, "pays": pays, "entries": str(old["entries"]), "note": str(old["note"])}


def _field(at: datetime) -> str:
    """Write a moment as a field of a form has it."""
    return f"{at:%Y-%m-%dT%H:%M}"


def _choices(chosen: str) -> Iterator[tuple[str, str]]:
    """Give who may pay, the usual sums, and what is chosen now."""
    usual = ["none", "full", *(f"{kind}:{size}" for kind, sizes in _SIZES.items() for size in sizes)]
    for value in usual if chosen in usual else [*usual, chosen]:
        yield value, _paying(value)


def _times(chosen: str) -> Iterator[tuple[str, str]]:
    """Give how often he may come, and what is chosen now."""
    usual = [str(times) for times in _TIMES]
    for value in usual if chosen in usual or not chosen.isdecimal() else [*usual, chosen]:
        yield value, _often(int(value))


def _paying(value: str) -> str:
    kind, _, size = value.partition(":")
    match kind:
        case "minutes":
            return say("We pay the first %(count)s minutes", count=size)
        case "money":
            return say("We pay up to %(yuan)s yuan", yuan=yuan(int(size) if size.isdecimal() else 0))
        case "full":
            return say("We pay the whole stay")
        case _:
            return say("The visitor pays")


def _often(times: object) -> str:
    if times == 1:
        return say("Once")
    return say("%(count)s times", count=times) if times else say("As often as needed")


def _row(row: Mapping[str, object]) -> dict[str, object]:
    states = {
        "expected": say("expected"),
        "came": say("has come"),
        "missed": say("has not come"),
        "withdrawn": say("withdrawn"),
    }
    came = row.get("came")
    since, until = local(row["comes_at"]), local(row["goes_at"])
    pays = f"{row['pays']}:{row['value']}"
    return {
        **row,
        "when": f"{since:%m-%d %H:%M} – {until:{'%H:%M' if until.date() == since.date() else '%m-%d %H:%M'}}",
        "what": _paying(pays),
        "often": "" if row["entries"] == 1 else _often(row["entries"]),
        "said": states.get(str(row["state"]), ""),
        "came_times": say("%(count)s times", count=came) if isinstance(came, int) and came > 1 else "",
        "cost": yuan(row["part_fen"]) if row["part_fen"] else "",
        "is_open": row["may_go"] is True and row["state"] in _TO_COME,
    }


def _news() -> str:
    """Say what has just been done."""
    match request.args.get("done"):
        case "booked":
            return say("The visitor is announced.")
        case "changed":
            return say("Changed.")
        case "withdrawn":
            return say("Withdrawn. It lets nobody in any more.")
        case _:
            return ""


def _why(reply: Reply) -> str:
    """Say in words which limit was reached, or what else is wrong."""
    if not isinstance(reply, Refused):
        return trouble(reply)
    words = {
        "ended": say("The agreement has ended: no visitors can be announced."),
        "may_not": say("The agreement does not include visitors."),
        "wrong": say("The end is not after the beginning, or a number is too large."),
        "bad_time": say("The end is not after the beginning, or a number is too large."),
        "past": say("This time is over already."),
        "long": say("A booking cannot be so long."),
        "far": say("This is too far ahead."),
        "again": say("This plate is announced for this time already. See the list below."),
        "open": say("No more visitors can be expected at a time. Withdraw one who does not come."),
        "per_day": say("All visitors that are agreed for today have been announced."),
        "month": say("The sum that is agreed for this month is used up or promised."),
        "unpaid": say("The account is used up. Please pay first."),
        "came": say("This visitor has come already: announce him anew."),
        "over": say("That cannot be done: the booking is over or withdrawn."),
        "twice": say("This was sent already. See the list below."),
        "bad_args": say("This is not a plate. Please look again."),
    }
    return words.get(reply.code) or trouble(reply)


_LIMITS = (
    "ended",
    "may_not",
    "wrong",
    "past",
    "long",
    "far",
    "again",
    "open",
    "per_day",
    "month",
    "unpaid",
    "came",
    "over",
    "twice",
)
"""What stands against it is a conflict with what was agreed or has happened."""


def _status(reply: Reply) -> int:
    return 409 if isinstance(reply, Refused) and reply.code in _LIMITS else status_of(reply)
