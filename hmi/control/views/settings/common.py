"""What the pages of settings share: who may look and change, how a form reaches the plant, what is said of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import WITHIN_S, ask
from hmi.control.room import room
from hmi.control.sessions import Session
from hmi.language import say, say_words
from scada.bridge import Message, Refused, Reply, Value
from scada.clock import clock_from
from scada.model.digits import whole_of

REASON, NAME, PASSWORD = 200, 64, 200
_NEVER_BACK = frozenset({"csrf_token", "second_password"})

Show = Callable[[str, int], ResponseReturnValue]
"""Shows a page again, with words above it, under a status."""


def seer(*, also: bool = False) -> Session:
    """Give the signed-in person, who may look at settings (or `also` at these)."""
    who = signed_in()
    if not (who.may_see_settings or also):
        abort(403)
    return who


def listed(verb: str, args: Message) -> Sequence[dict[str, object]]:
    """Give a list that the plant has. Ends the request with 503 if it does not answer."""
    match ask(verb, args, within_s=WITHIN_S):
        case Value(list() as rows):
            return [row for row in rows if isinstance(row, dict)]
        case reply:
            abort(503, _why(reply))
    return []


def told(verb: str, args: Message) -> dict[str, object]:
    """Give an object that the plant has. Ends the request with 503 if it does not answer."""
    match ask(verb, args, within_s=WITHIN_S):
        case Value(dict() as value):
            return value
        case reply:
            abort(503, _why(reply))
    return {}


def changed(verb: str, args: Message, may: bool, page: str, done: str, show: Show, **back: str) -> ResponseReturnValue:
    """Send a change with its reason, and lead to `page`, which says `done`; or show the form again with what is wrong.

    A second person's name and password go along if the form has them.
    """
    who, reason = signed_in(), field("reason", REASON)
    if not may:
        abort(403)
    if room().registry.is_idle(who):
        return redirect(url_for("auth.sign_in"))
    if not reason:
        return show(say("Give a reason."), 400)
    begins = _begins()
    if begins is None:
        return show(say("From when on: write a day and a time, like 2026-05-01 08:00."), 400)
    room().registry.used(who)
    match ask(verb, {**args, **begins, "reason": reason, **_second()}, why=reason, within_s=WITHIN_S):
        case Value():
            values: dict[str, Any] = {"done": done, **back}
            return redirect(url_for(page, **values), 303)
        case Refused() as refused:
            return show(_why(refused), 400 if refused.code == "bad_args" else 409)
        case reply:
            return show(_why(reply), 504)


def shown(
    template: str, words: str, status: int, page_more: Mapping[str, object] | None = None, **values: object
) -> ResponseReturnValue:
    """Show a page of settings; its script is given `page_more`."""
    who, site = signed_in(), room().config.site
    page_data = {"site": {"zone": site.zone}, **typed(status), **(page_more or {})}
    body = render_template(
        f"control/settings/{template}.html",
        **{"who": who, "site": site, "words": words, "page_data": page_data, "local": local, "reason": field("reason")},
        refused=status >= 400,
        **values,
    )
    return body, status


def typed(status: int) -> Mapping[str, object]:
    """Give what stood in a form that was not taken, for the page's script to put back; passwords are left out."""
    if request.method != "POST" or status < 400:
        return {}
    fields = [[name, value] for name, value in request.form.items(multi=True) if name not in _NEVER_BACK]
    return {"typed": {"form": request.path, "fields": fields}}


def field(name: str, most: int = NAME) -> str:
    """Give a field of the form, or of the address; signs that no keyboard writes are left out."""
    text = (request.form.get(name) or request.args.get(name) or "")[:most]
    return "".join(sign for sign in text if sign.isprintable() or sign in "\r\n\t").strip()


def number(name: str) -> int:
    """Give a whole number of the form; 0 if it is none."""
    return whole_of(field(name), 999_999_999) or 0


def fen(name: str) -> int | None:
    """Give a sum written in yuan, in fen; None if it is none."""
    whole, _, part = field(name).partition(".")
    if not (whole.isascii() and whole.isdecimal() and len(whole) < 8 and len(part) <= 2):
        return None
    if part and not (part.isascii() and part.isdecimal()):
        return None
    return int(whole) * 100 + int(part.ljust(2, "0") if part else 0)


def local(at: object, zone: tzinfo | None = None) -> str:
    """Write a moment in the site's time."""
    if not isinstance(at, str) or not at:
        return ""
    return f"{datetime.fromisoformat(at).astimezone(zone or room().config.site.zone_info):%Y-%m-%d %H:%M}"


def cells(row: Mapping[str, object], names: Sequence[str]) -> list[str]:
    """Give some values of a row as texts."""
    return ["" if row.get(name) is None else str(row[name]) for name in names]


def _begins() -> Message | None:
    """Give from when on a change shall hold, if the form names a moment of the site's clock; None if it is none."""
    written = field("effective_from")
    if not written:
        return {}
    try:
        begins = datetime.fromisoformat(written).replace(tzinfo=room().config.site.zone_info)
    except ValueError:
        return None
    return {"effective_from": begins.isoformat()}


def to_come(kind: str, subject: str) -> list[dict[str, object]]:
    """Give the versions of a setting that wait for their time, the next one first."""
    match ask("setting_history", {"kind": kind, "subject": subject, "limit": 50}, within_s=WITHIN_S):
        case Value(list() as rows):
            return sorted((row for row in rows if _waits(row)), key=lambda row: str(row["effective_from"]))
        case _:
            return []


def _waits(row: Mapping[str, object]) -> bool:
    return row["ended_at"] is None and datetime.fromisoformat(str(row["effective_from"])) > clock_from().now()


def _second() -> Message:
    name = field("second_name")
    return {"second_name": name, "second_password": request.form.get("second_password", "")[:PASSWORD]} if name else {}


def _why(reply: Reply) -> str:
    if isinstance(reply, Refused):
        return say("Refused: %(why)s", why=say_words(reply.error))
    return say("Nobody knows whether it was done. Look at the list.")
