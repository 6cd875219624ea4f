"""The page of a shop's own staff: give a voucher to a customer's plate, take one back, see what was given and is left.

Its session is a token that the plant signed; this process keeps nothing and decides nothing.
"""

import csv
import hashlib
import io
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.driver import status_of, trouble
from hmi.public.forms import check_form, signature
from hmi.public.visitor import seat
from scada.bridge import Refused, Reply, Value
from scada.config import Config
from scada.model.money import Fen, yuan_text

shop = Blueprint("shop", __name__, url_prefix="/shop")

SHOP_COOKIE = "shop"
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
    check_form(_subject())
    asked: dict[str, object] = {"code": request.form.get("code", "")[:64].strip(), "address": seat()}
    match plant().ask("shop_sign_in", asked):
        case Value({"session": str() as session}):
            answer = make_response(_back())
            answer.set_cookie(
                SHOP_COOKIE,
                session,
                SHOP_LIFE_S,
                path="/shop",
                httponly=True,
                samesite="Lax",
                secure=request.is_secure,
            )
            return answer
        case reply:
            return _sign_in_page(_why(reply), status_of(reply))


@shop.post("/out")
def sign_out() -> ResponseReturnValue:
    """Forget the session."""
    check_form(_subject())
    return _forgotten(make_response(_back()))


@shop.post("/give")
def give() -> ResponseReturnValue:
    """Give a voucher to the plate that was typed."""
    check_form(_subject())
    kind, _, value = request.form.get("what", "")[:32].partition(":")
    plate = request.form.get("plate", "")[:16].strip()
    asked: dict[str, object] = {"kind": kind, "plate": plate, "once": request.form.get("once", "")[:64]}
    if kind != "full":
        asked["value"] = int(value) if value.isascii() and value.isdecimal() else 0
    return _done(_ask("shop_give", **asked), "given", plate)


@shop.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a voucher back that is not used."""
    check_form(_subject())
    return _done(_ask("shop_withdraw", voucher=request.form.get("voucher", "")[:26]), "withdrawn")


@shop.get("/month.csv")
def month() -> ResponseReturnValue:
    """Give this month's vouchers as a table, made piece by piece from what the plant tells."""
    rows: list[Mapping[str, object]] = []
    while True:
        match _ask("shop_report", before=rows[-1]["id"] if rows else ""):
            case Value({"vouchers": list() as more}):
                rows += more
                if not more:
                    break
            case reply:
                return _refused(reply)
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
            return _refused(reply)
        case _:
            return _shown(_why(reply), _status(reply), plate)


def _shown(words: str = "", status: int = 200, typed: str = "") -> ResponseReturnValue:
    if not _session():
        return _sign_in_page(words, status)
    match _ask("shop_view"):
        case Value(dict() as told):
            shown = {"typed": typed, "once": secrets.token_urlsafe(16), **_told(told)}
            return _page("shop", words or _news(), status, shown=shown)
        case reply:
            return _refused(reply)


def _refused(reply: Reply) -> ResponseReturnValue:
    """Ask for the code again when the session has ended; else say what is wrong."""
    if isinstance(reply, Refused) and reply.code == "signed_out":
        answer, _ = _sign_in_page(say("Please sign in again."), session="")
        return _forgotten(make_response(answer, 401))
    return _page("shop_words", _why(reply), _status(reply))


def _forgotten(answer: Response) -> Response:
    answer.delete_cookie(SHOP_COOKIE, path="/shop")
    return answer


def _sign_in_page(words: str = "", status: int = 200, session: str | None = None) -> tuple[str, int]:
    return _page("shop_in", words, status, session)


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
        "left": None if left is None else _yuan(left),
        "today": [row for row in listed if row["today"]],
        "earlier": [row for row in listed if not row["today"]],
        "part": _yuan(this_month.get("part_fen") if isinstance(this_month, dict) else 0),
    }


def _choices(most: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give what can be chosen: the usual sizes of each agreed kind, and its largest one."""
    for kind, sizes in _SIZES.items():
        limit = most.get(kind)
        if isinstance(limit, int):
            for size in sorted({*(size for size in sizes if size <= limit), limit}):
                yield f"{kind}:{size}", _voucher(kind, size)


def _voucher(kind: object, value: object) -> str:
    match kind:
        case "minutes":
            return say("%(count)s minutes", count=value)
        case "money":
            return say("%(yuan)s yuan", yuan=_yuan(value))
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
        "what": _voucher(row.get("kind"), row.get("value")),
        "state": states.get(str(row.get("state")), ""),
        "at": _at(row),
        "can_go": row.get("state") in ("ISSUED", "RESERVED"),
    }


def _line(row: Mapping[str, object]) -> tuple[object, ...]:
    """Write one line of the table; a value of money in yuan."""
    value = _yuan(row["value"]) if row["kind"] == "money" else row["value"]
    whole = (row["kind"], value, row["state"], _yuan(row["amount_fen"]), _yuan(row["part_fen"]), row["id"])
    return (_at(row), row["plate"], *whole)


def _at(row: Mapping[str, object]) -> str:
    at = datetime.fromisoformat(str(row.get("given_at"))).astimezone(_config().site.zone_info)
    return at.strftime("%Y-%m-%d %H:%M")


def _yuan(value: object) -> str:
    return yuan_text(Fen(value if isinstance(value, int) else 0))


def _ask(verb: str, **args: object) -> Reply:
    session = _session()
    return plant().ask(verb, {"session": session, **args}) if session else Refused("signed_out", "Please sign in.")


def _session() -> str:
    return request.cookies.get(SHOP_COOKIE, "")[:128]


def _subject(session: str | None = None) -> str:
    """Bind a form to the session whose page it stands on."""
    whose = _session() if session is None else session
    return "shop" + hashlib.sha256(whose.encode()).hexdigest()[:32]


def _back() -> ResponseReturnValue:
    return redirect(url_for("shop.view", lang=request.args.get("lang")), 303)


def _page(
    name: str, words: str, status: int, session: str | None = None, shown: Mapping[str, object] | None = None
) -> tuple[str, int]:
    seal, chosen = signature(_subject(session)), request.args.get("lang")
    site = _config().site
    body = render_template(
        f"public/{name}.html", site=site, token="", signature=seal, chosen=chosen, words=words, **(shown or {})
    )
    return body, status


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found
