"""Visitors: who is expected, announced in the name of a host by whom its people ring up.

It is the booking that the host's own page makes, with a person's name and reason in the books.
"""

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import WITHIN_S, ask
from hmi.control.room import room
from hmi.control.sessions import Session
from hmi.language import say, say_words
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
)
from scada.bridge import Message, Refused, Reply, Value

visitors = Blueprint("visitors", __name__, url_prefix="/visitors")

_LISTS: Mapping[str, Message] = {"today": {"today": True}, "coming": {"to_come": True}, "all": {}}
"""Which bookings may be listed, and how they are asked for."""
_NAME, _REASON = 64, 200


@visitors.get("")
def page() -> ResponseReturnValue:
    """Show the form and a list; `change` fills the form with a booking, `withdraw` asks for the reason."""
    return _shown(news(request.args.get("done")))


@visitors.post("/book")
def book() -> ResponseReturnValue:
    """Announce the visitor of the form."""
    return _sent("book_visitor", {"host": _host(), **wanted()}, "booked")


@visitors.post("/change")
def change() -> ResponseReturnValue:
    """Announce anew a visitor who has not come."""
    return _sent("change_booking", {"host": _host(), "booking": booking_named(), **wanted()}, "changed")


@visitors.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a booking back."""
    return _sent("withdraw_booking", {"booking": booking_named()}, "withdrawn")


def _sent(verb: str, args: Message, what: str) -> ResponseReturnValue:
    who, reason = signed_in(), _reason()
    if not who.may_book:
        abort(403)
    if room().registry.is_idle(who):
        return redirect(url_for("auth.sign_in"))
    if not reason:
        return _shown(say("Say who asked for it, and how."), 400, form=typed())
    room().registry.used(who)
    match ask(verb, {**args, "reason": reason}, why=reason, within_s=WITHIN_S):
        case Value():
            return redirect(url_for("visitors.page", which=request.args.get("which"), done=what), 303)
        case reply:
            return _shown(_why(reply), 409 if is_limit(reply) else 400, form=typed())


def _shown(words: str, status: int = 200, form: Mapping[str, str] | None = None) -> ResponseReturnValue:
    who, zone = _seer(), room().config.site.zone_info
    which = request.args.get("which", "today")
    which = which if which in _LISTS else "today"
    rows, named = _listed("bookings", _LISTS[which]), request.form.get("booking") or request.args.get("change", "")
    old = next((row for row in rows if row["id"] == named and row["may_change"]), None)
    leaving = next((row for row in rows if row["id"] == request.args.get("withdraw") and row["may_go"]), None)
    fields = filled(old, zone) if form is None else form
    body = render_template(
        "control/visitors.html",
        who=who,
        site=room().config.site,
        page_data={"site": {"zone": room().config.site.zone}},
        words=words,
        which=which,
        form=fields,
        host=_host() or ("" if old is None else old["host"]),
        reason=_reason(),
        booking="" if old is None else old["id"],
        leaving=None if leaving is None else shown(leaving, zone, by_us=False),
        hosts=[one["merchant"] for one in _listed("merchants", {}) if one["hosting"] and not one["ended_at"]],
        choices=list(ways_to_pay(fields["pays"], by_us=False)),
        times=list(times_to_come(fields["entries"])),
        rows=[shown(row, zone, by_us=False) for row in rows],
    )
    return body, status


def _seer() -> Session:
    who = signed_in()
    if not who.may_see_money:
        abort(403)
    return who


def _listed(verb: str, args: Message) -> Sequence[dict[str, object]]:
    match ask(verb, args):
        case Value(list() as rows):
            return [row for row in rows if isinstance(row, dict)]
        case _:
            abort(503, "the plant does not answer")
    return []


def _why(reply: Reply) -> str:
    """Say what the plant did not do, or that nobody knows."""
    if words := why_not(reply):
        return words
    if isinstance(reply, Refused):
        return say("Refused: %(why)s", why=say_words(reply.error))
    return say("Nobody knows whether it was done. Look at the list.")


def _host() -> str:
    return request.form.get("host", "")[:_NAME].strip()


def _reason() -> str:
    return request.form.get("reason", "")[:_REASON].strip()
