"""The page of a shop's own staff: give a voucher to a customer's plate, take one back, see what was given and is left.

Its session is a token that the plant signed; this process keeps nothing and decides nothing.
"""

import csv
import io
import secrets
from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.driver import status_of, trouble
from hmi.public.forms import check_form
from hmi.public.staff import (
    SHOP_COOKIE,
    SHOP_PATH,
    ask,
    back,
    forgotten,
    local,
    page,
    refused,
    session_held,
    sign_in_page,
    subject,
    yuan,
)
from hmi.whence import seat
from scada.bridge import Refused, Reply, Value

shop = Blueprint("shop", __name__, url_prefix="/shop")

SHOP_LIFE_S = 12 * 3600
_SIZES: Mapping[str, Sequence[int]] = {
    "minutes": (30, 60, 120, 180, 240),
    "money": (200, 500, 1000, 2000, 5000),
    "percent": (10, 20, 50, 100),
    "full": (0,),
}
_COLUMNS = ("given_at", "plate", "kind", "value", "state", "let_off_yuan", "our_part_yuan", "voucher")


def limit_shops(limiter: Limiter) -> None:
    """Bound what one address may send: a shop's counters share one, a guesser has one too."""
    limiter.limit("30/minute;600/hour", key_func=seat, methods=["POST"])(shop)
    limiter.limit("120/minute", key_func=seat, methods=["GET"])(shop)


@shop.get("")
def view() -> ResponseReturnValue:
    """Show what the shop may give and has given; ask for its code first."""
    return _shown()


@shop.post("/in")
def sign_in() -> ResponseReturnValue:
    """Take the shop's code, and keep the session that the plant signs."""
    check_form(subject())
    asked: dict[str, object] = {"code": request.form.get("code", "")[:64].strip(), "address": seat()}
    match plant().ask("shop_sign_in", asked):
        case Value({"session": str() as session}):
            answer = make_response(back())
            answer.set_cookie(
                SHOP_COOKIE,
                session,
                SHOP_LIFE_S,
                path=SHOP_PATH,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure,
            )
            return answer
        case reply:
            return sign_in_page(_why(reply), status_of(reply))


@shop.post("/out")
def sign_out() -> ResponseReturnValue:
    """Forget the session."""
    check_form(subject())
    return forgotten(make_response(back()))


@shop.post("/give")
def give() -> ResponseReturnValue:
    """Give a voucher to the plate that was typed."""
    check_form(subject())
    kind, _, value = request.form.get("what", "")[:32].partition(":")
    plate = request.form.get("plate", "")[:16].strip()
    asked: dict[str, object] = {"kind": kind, "plate": plate, "once": request.form.get("once", "")[:64]}
    if kind != "full":
        asked["value"] = int(value) if value.isascii() and value.isdecimal() else 0
    return _done(ask("shop_give", **asked), "given", plate)


@shop.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a voucher back that is not used."""
    check_form(subject())
    return _done(ask("shop_withdraw", voucher=request.form.get("voucher", "")[:26]), "withdrawn")


@shop.get("/month.csv")
def month() -> ResponseReturnValue:
    """Give this month's vouchers as a table, made piece by piece from what the plant tells."""
    rows: list[Mapping[str, object]] = []
    while True:
        match ask("shop_report", before=rows[-1]["id"] if rows else ""):
            case Value({"vouchers": list() as more}):
                rows += more
                if not more:
                    break
            case reply:
                return refused(reply, _why(reply), _status(reply))
    body = io.StringIO()
    csv.writer(body).writerows((_COLUMNS, *map(_line, rows)))
    answer = Response("\ufeff" + body.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="vouchers.csv"'
    return answer


def _done(reply: Reply, what: str, plate: str = "") -> ResponseReturnValue:
    match reply:
        case Value():
            return redirect(url_for("shop.view", lang=request.args.get("lang"), done=what), 303)
        case Refused("signed_out"):
            return refused(reply, _why(reply), _status(reply))
        case _:
            return _shown(_why(reply), _status(reply), plate)


def _shown(words: str = "", status: int = 200, typed: str = "") -> ResponseReturnValue:
    if not session_held():
        return sign_in_page(words, status)
    match ask("shop_view"):
        case Value({"may_book": True, "most": {**kinds}}) if not kinds and not words:
            return redirect(url_for("host.view", lang=request.args.get("lang")))
        case Value(dict() as told):
            shown = {"typed": typed, "once": secrets.token_urlsafe(16), **_told(told)}
            return page("shop", words or _news(), status, shown=shown)
        case reply:
            return refused(reply, _why(reply), _status(reply))


def _news() -> str:
    """Say what the visitor has just done."""
    match request.args.get("done"):
        case "given":
            return say("Given. It counts for the next 24 hours.")
        case "withdrawn":
            return say("Taken back.")
        case _:
            return ""


def _why(reply: Reply) -> str:
    """Say in words which limit was reached, or what else is wrong."""
    if not isinstance(reply, Refused):
        return trouble(reply)
    words = {
        "ended": say("The agreement has ended: no vouchers can be given."),
        "kind": say("Such a voucher is not agreed."),
        "size": say("This voucher is larger than agreed."),
        "per_plate": say("This plate has had all the vouchers that are agreed for 24 hours."),
        "per_day": say("All vouchers that are agreed for today have been given."),
        "unpaid": say("The shop's account is used up. Please pay first."),
        "twice": say("This was sent already. See the list below."),
        "bad_args": say("This is not a plate. Please look again."),
        "refused": say("That cannot be done: the voucher is used, or this car takes none."),
    }
    if request.endpoint == "shop.sign_in":
        words["refused"] = words["bad_args"] = say("This code is wrong, or it was ended.")
    return words.get(reply.code) or trouble(reply)


def _status(reply: Reply) -> int:
    """Give the status of what was not done; a limit is a conflict with what was agreed."""
    limits = ("ended", "kind", "size", "per_plate", "per_day", "unpaid", "twice")
    return 409 if isinstance(reply, Refused) and reply.code in limits else status_of(reply)


def _told(told: Mapping[str, object]) -> dict[str, object]:
    most, rows = told.get("most"), told.get("vouchers")
    listed = [_row(row) for row in rows] if isinstance(rows, list) else []
    left, this_month = told.get("left_fen"), told.get("month")
    return {
        "told": told,
        "choices": list(_choices(most if isinstance(most, dict) else {})),
        "left": None if left is None else yuan(left),
        "today": [row for row in listed if row["today"]],
        "earlier": [row for row in listed if not row["today"]],
        "part": yuan(this_month.get("part_fen") if isinstance(this_month, dict) else 0),
    }


def _choices(most: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give what can be chosen: the usual sizes of each agreed kind, and its largest one."""
    for kind, sizes in _SIZES.items():
        limit = most.get(kind)
        if isinstance(limit, int):
            for size in sorted({*(size for size in sizes if size <= limit), limit}):
                yield f"{kind}:{size}", voucher_words(kind, size)


def voucher_words(kind: object, value: object) -> str:
    """Say in words what a voucher lets off."""
    match kind:
        case "minutes":
            return say("%(count)s minutes", count=value)
        case "money":
            return say("%(yuan)s yuan", yuan=yuan(value))
        case "percent":
            return say("%(count)s per cent off", count=value)
        case _:
            return say("The whole fee")


def _row(row: Mapping[str, object]) -> dict[str, object]:
    states = {
        "ISSUED": say("not used yet"),
        "RESERVED": say("counts for a stay now"),
        "USED": say("used"),
        "WITHDRAWN": say("taken back"),
        "OVER": say("run out"),
    }
    return {
        **row,
        "what": voucher_words(row.get("kind"), row.get("value")),
        "state": states.get(str(row.get("state")), ""),
        "at": _at(row),
        "can_go": row.get("state") in ("ISSUED", "RESERVED"),
    }


def _line(row: Mapping[str, object]) -> tuple[object, ...]:
    """Write one line of the table; a value of money in yuan."""
    value = yuan(row["value"]) if row["kind"] == "money" else row["value"]
    whole = (row["kind"], value, row["state"], yuan(row["amount_fen"]), yuan(row["part_fen"]), row["id"])
    return (_at(row), row["plate"], *whole)


def _at(row: Mapping[str, object]) -> str:
    return f"{local(row.get('given_at')):%Y-%m-%d %H:%M}"
