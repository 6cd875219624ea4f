"""Month cards: what is sold, every card with its days, and what may be done with one; more promised than there is."""

from collections.abc import Mapping, Sequence
from typing import Final

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.views.settings.common import cells, changed, fen, field, listed, number, seer, shown, told
from hmi.language import language, say
from hmi.sheets import XLSX, as_csv, as_xlsx
from scada.bridge import Message
from scada.model.money import Fen, yuan_text

cards = Blueprint("month_cards", __name__, url_prefix="/settings/cards")

_COLUMNS: Final = ("card", "title", "holder", "plates", "spaces", "first", "until", "state")
_MEANS: Final = ("BANK", "SAFE", "CASH")
_MOST_SHOWN: Final = 500
_WHOLE: Final = ("months", "spaces", "plates", "grace_days", "changes", "most")


@cards.get("")
def page() -> ResponseReturnValue:
    """Show products and cards."""
    return _shown(_news(field("done")), 200)


def _shown(words: str, status: int) -> ResponseReturnValue:
    who = signed_in()
    if not who.may("cards"):
        abort(403)
    products, rows, spaces = listed("card_products", {}), _chosen(), told("card_spaces", {})
    last = told("settings", {"kind": "card_product"})["last"] if who.may("settings") else {}
    named = field("card")
    return shown(
        "cards",
        words,
        status,
        products=[_product(one, spaces, last) for one in products],
        rows=rows[:_MOST_SHOWN],
        count=len(rows),
        oversold=_oversold(spaces),
        q=field("q"),
        chosen=next((row for row in rows if row["card"] == named), None),
        form={name: field(name) for name in ("product", "plates", "holder", "first")},
        means=_means(),
    )


def _chosen() -> Sequence[dict[str, object]]:
    q, rows = field("q").upper(), listed("cards", {})
    rows = [{**row, "called": _called(row), "plates": " ".join(map(str, _list(row["plates"])))} for row in rows]
    return [row for row in rows if q in " ".join(cells(row, (*_COLUMNS, "called"))).upper()] if q else rows


@cards.get("/file.<form>")
def fetch(form: str) -> ResponseReturnValue:
    """Give the cards that are chosen as a file."""
    seer(also=signed_in().may("cards"))
    rows = [cells(row, _COLUMNS) for row in _chosen()]
    content = as_xlsx("cards", _COLUMNS, rows) if form == "xlsx" else as_csv(_COLUMNS, rows)
    answer = Response(content, mimetype=XLSX if form == "xlsx" else "text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="cards.{"xlsx" if form == "xlsx" else "csv"}"'
    return answer


@cards.post("/sell")
def sell() -> ResponseReturnValue:
    """Sell a card, its money taken into the bank, the safe or the till."""
    plates = request.form.get("plates", "")[:500].replace(",", " ").replace("，", " ").split()
    args: Message = {"product": field("product"), "plates": plates, "holder": field("holder")}
    more: Message = {"means": field("means"), **({"first": field("first")} if field("first") else {})}
    return changed("sell_card", {**args, **more}, signed_in().may("sell_card"), "month_cards.page", "sold", _shown)


@cards.post("/renew")
def renew() -> ResponseReturnValue:
    """Take the money for a card's next days."""
    args: Message = {"card": field("card"), "means": field("means")}
    return changed("renew_card", args, signed_in().may("renew_card"), "month_cards.page", "renewed", _shown)


@cards.post("/plate")
def change_plate() -> ResponseReturnValue:
    """Let another plate take the place of one."""
    args: Message = {"card": field("card"), "old": field("old"), "new": field("new")}
    may = signed_in().may("change_card_plate")
    return changed("change_card_plate", args, may, "month_cards.page", "changed", _shown)


@cards.post("/end")
def end() -> ResponseReturnValue:
    """End a card, and give back what it does not use."""
    args: Message = {"card": field("card"), "out_of": field("means"), "why": field("reason", 200)}
    return changed("end_card", args, signed_in().may("end_card"), "month_cards.page", "ended", _shown)


@cards.post("/product")
def product() -> ResponseReturnValue:
    """Set a product's terms for what is sold and renewed from now on."""
    price = fen("price")
    if price is None:
        return _shown(say("Write the price in yuan, like 300 or 299.50."), 400)
    terms: Message = {
        "title": field("title"),
        "title_en": field("title_en"),
        "price_fen": price,
        **{name: number(name) for name in _WHOLE},
        "zones": field("zones", 200).replace(",", " ").split(),
        "gap": field("gap") or "continue",
        "change_inside": request.form.get("change_inside") == "on",
    }
    return _set({"product": terms})


@cards.post("/stop")
def stop() -> ResponseReturnValue:
    """Sell a product no more; its cards stay good."""
    return _set({"sold": False})


def _set(args: Message) -> ResponseReturnValue:
    args = {**args, "name": field("name"), "seen": number("seen")}
    may = signed_in().may("set_card_product")
    return changed("set_card_product", args, may, "month_cards.page", "set", _shown)


def _product(one: Mapping[str, object], spaces: Mapping[str, object], last: object) -> dict[str, object]:
    counted, name = spaces.get("products"), str(one["name"])
    mine = counted.get(name) if isinstance(counted, Mapping) else None
    seen = last.get(name, 0) if isinstance(last, Mapping) else 0
    price = one["price_fen"]
    return {
        **one,
        **(mine or {}),
        "called": _called(one),
        "seen": seen,
        "price": yuan_text(Fen(price if isinstance(price, int) else 0)),
    }


def _called(one: Mapping[str, object]) -> str:
    """Give a product's title in the page's language; its Chinese one if it has no other."""
    title = one["title"] if language() == "zh" else one.get("title_en")
    return str(title or one["title"])


def _oversold(spaces: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Give the zones of which more spaces were promised than there are."""
    return [
        one
        for one in _list(spaces.get("zones"))
        if isinstance(one, Mapping) and isinstance(one["spaces"], int) and int(str(one["promised"])) > one["spaces"]
    ]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _means() -> dict[str, str]:
    return dict(zip(_MEANS, (say("Into the bank"), say("Into the safe"), say("Into my till")), strict=True))


def _news(done: str) -> str:
    match done:
        case "sold":
            return say("The card is sold.")
        case "renewed":
            return say("The card is renewed.")
        case "changed":
            return say("The plate is changed.")
        case "ended":
            return say("The card has ended.")
        case "set":
            return say("It holds for what is sold and renewed from now on.")
        case _:
            return ""
