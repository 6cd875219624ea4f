"""The page of a host's own people: announce a visitor, change or withdraw that, see who came and what it cost.

They sign in by the code of their merchant, as a shop's staff does; the plant decides everything.
"""

import secrets
from collections.abc import Mapping

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.public.driver import PROVINCES, SIGNS, status_of, trouble
from hmi.public.forms import check_form
from hmi.public.staff import ask, config, page, refused, session_held, sign_in_page, subject
from hmi.visitors import (
    booking_named,
    filled,
    is_limit,
    news,
    shown,
    times_to_come,
    typed,
    wanted,
    ways_to_pay,
    why_not,
    yuan,
)
from hmi.whence import seat
from scada.bridge import Refused, Reply, Value

host = Blueprint("host", __name__, url_prefix="/shop/visitors")


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
    return _done(ask("host_book", once=request.form.get("once", "")[:64], **wanted()), "booked")


@host.post("/change")
def change() -> ResponseReturnValue:
    """Announce anew a visitor who has not come."""
    check_form(subject())
    return _done(ask("host_change", booking=booking_named(), **wanted()), "changed")


@host.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a booking back."""
    check_form(subject())
    return _done(ask("host_withdraw", booking=booking_named()), "withdrawn")


def _done(reply: Reply, what: str) -> ResponseReturnValue:
    match reply:
        case Value():
            return redirect(url_for("host.view", lang=request.args.get("lang"), done=what), 303)
        case Refused("signed_out"):
            return refused(reply, "", 401)
        case _:
            return _shown(why_not(reply) or trouble(reply), _status(reply))


def _shown(words: str = "", status: int = 200) -> ResponseReturnValue:
    if not session_held():
        return sign_in_page(words, status)
    match ask("host_view"):
        case Value(dict() as told):
            said = words or news(request.args.get("done"))
            return page("host", said, status, shown=_told(told, is_wrong=bool(words)))
        case reply:
            return refused(reply, why_not(reply) or trouble(reply), _status(reply))


def _told(told: Mapping[str, object], *, is_wrong: bool) -> dict[str, object]:
    """Give what the page shows; a form that was refused is shown as it was filled in."""
    held, zone = told.get("bookings"), config().site.zone_info
    rows = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
    changing = request.form.get("booking") or request.args.get("change", "")
    old = next((row for row in rows if row["id"] == changing and row["may_change"]), None)
    form = typed() if is_wrong and request.endpoint != "host.withdraw" else filled(old, zone)
    listed = [shown(row, zone, by_us=True) for row in rows]
    return {
        "told": told,
        "form": form,
        "booking": "" if old is None else old["id"],
        "once": secrets.token_urlsafe(16),
        "choices": list(ways_to_pay(form["pays"], by_us=True)),
        "times": list(times_to_come(form["entries"])),
        "to_come": [row for row in listed if row["is_open"]],
        "over": [row for row in listed if not row["is_open"]],
        "month": yuan(told.get("month_fen")),
        "month_most": yuan(told["month_most_fen"]) if told.get("month_most_fen") else "",
        "left": None if told.get("left_fen") is None else yuan(told["left_fen"]),
        "keys": {"provinces": PROVINCES, "signs": SIGNS},
    }


def _status(reply: Reply) -> int:
    return 409 if is_limit(reply) else status_of(reply)
