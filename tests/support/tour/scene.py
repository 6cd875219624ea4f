"""A site with something on every page: cars inside and gone, cases, money, a card, a merchant, drafts, a shift."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from scada.model.plate import Plate
from scada.sim.road import Manner
from scada.sim.scenario import Person
from tests.support.people import PASSWORD
from tests.support.shift.plays import DIRTY, NO_PHONE, STRANGER
from tests.support.shift.turn import Turn, office
from tests.support.site import PARKED_S

MERCHANT: Final = "Book & Tea 书店"
CARD: Final = "晋A20001"
NAMES: Final = frozenset(("Book", "Tea", "书店", "Zhao", "demo", "month", "admin", "root", "无牌"))
"""Written by people, and the same in every language."""
_TARIFF: Final = Path(__file__).parents[3] / "billing" / "tariffs" / "demo-1.toml"
_BAD_MAP: Final = """tag,device,address,type,colour
in1.a,plc1,HR0,u16,
in1.a,plc9,HR0,int99,
in1.b,plc1,X5,u16,,
"""
_DUE: Final = {"passage": "passage", "stay": "stay", "due_fen": "quote.due_fen"}
_FORM: Final = """async ([path, fields]) => {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const body = new URLSearchParams(fields);
  const answer = await fetch(path, {method: 'POST', headers: {'X-CSRFToken': token}, body});
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return [answer.status, page.querySelector('.told')?.textContent ?? ''];
}"""
_HREF: Final = """async ([path, selector]) => {
  const text = await (await fetch(path)).text();
  return new DOMParser().parseFromString(text, 'text/html').querySelector(selector)?.getAttribute('href') ?? '';
}"""


def set_up(turn: Turn, colleague: str) -> Mapping[str, str]:
    """Let things happen, and leave some of them unfinished; gives the names of what the pages show."""
    found = {**_lists_and_terms(turn), **_money(turn, colleague)}
    turn.order("/api/v1/map-proposals", map=b64encode(_BAD_MAP.encode()).decode(), why="12")
    _parks(turn, 3)
    found["passage"] = _comes_and_goes(turn)
    _leaves_without_a_stay(turn)
    found["shift"] = _hands_over(turn, colleague)
    found["case"] = _stands_in_both_lanes(turn)
    return found


def _lists_and_terms(turn: Turn) -> dict[str, str]:
    """Fill the pages of settings; what is priced differently from now on is a draft."""
    day = {"since": "2026-01-01", "note": "12"}
    for kind, plate in (("white", "晋B00001"), ("locked", "晋B00002"), ("black", "晋B00003")):
        _form(turn, "/settings/lists/add", plate=plate, kind=kind, reason="12", **day)
    terms = {"title": "月卡", "title_en": "Month card", "price": "300", "months": "1", "plates": "2", "spaces": "1"}
    rest = {"grace_days": "3", "changes": "1", "most": "200", "seen": "0", "reason": "12"}
    _form(turn, "/settings/cards/product", name="month", **terms, **rest)
    _form(turn, "/settings/cards/sell", product="month", plates=CARD, holder="Zhao", means="BANK", reason="12")
    agreed = {"manner": "POSTPAID", "may_minutes": "on", "most_minutes": "120", "limit": "500", "per_plate": "0"}
    hosts = {"per_day": "0", "pays_percent": "100", "may_book": "on", "book_open": "5", "book_per_day": "9"}
    more = {"book_month": "300", "reason": "12"}
    _form(turn, "/settings/merchants/save", merchant=MERCHANT, is_new="on", **agreed, **hosts, **more)
    given = {"kind": "minutes", "value": "60", "reason": "12"}
    _form(turn, "/settings/merchants/give", merchant=MERCHANT, plate="晋B00004", **given)
    comes = datetime.now().astimezone() + timedelta(hours=30)
    times = {"since": f"{comes:%Y-%m-%dT%H:%M}", "until": f"{comes + timedelta(hours=3):%Y-%m-%dT%H:%M}"}
    visitor = {"plate": "晋B00005", "pays": "none", "entries": "1", "note": "12", "reason": "12"}
    _form(turn, "/visitors/book", host=MERCHANT, **times, **visitor)
    text = _TARIFF.read_text("utf-8").replace('"demo-1"', '"demo-2"').replace("= 500", "= 600")
    text = text.replace("2020-01-01", "2030-01-01")
    _form(turn, "/settings/tariffs/save", subject="demo-2", text=text, seen="0", reason="12")
    one = "/settings/tariffs", "a[href*='key=file']"
    return {
        "card": _href(turn, "/settings/cards", "a[href*='card=']").rpartition("=")[2],
        "merchant": MERCHANT.replace("&", "%26"),
        "tariff": _href(turn, *one).rpartition("=")[2],
        "draft": "draft:demo-2",
    }


def _money(turn: Turn, colleague: str) -> dict[str, str]:
    """Take cash for a receipt, and count a till that is a yuan short; then open it anew."""
    turn.order("/api/v1/money/open-till", float_fen=10_000)
    number, plate = turn.number()
    turn.site.invite(number, plate, NO_PHONE)
    turn.until_tag("out1.lane.state", "awaiting_payment")
    due = {name: turn.tag(f"out1.{tag}") for name, tag in _DUE.items()}
    paid = turn.order("/api/v1/lanes/out1/cash", **due, given_fen=2_000)
    assert isinstance(paid, dict)
    turn.until_tag("out1.lane.state", "idle")
    beside = {"second_name": colleague, "second_password": PASSWORD}
    turn.order("/api/v1/money/close-till", counted_fen=9_900, to="SAFE", note="", **beside)
    turn.order("/api/v1/money/open-till", float_fen=10_000)
    return {"receipt": str(paid["receipt"])}


def _parks(turn: Turn, cars: int) -> None:
    for _ in range(cars):
        number, plate = turn.number()
        turn.site.invite(number, plate, Person(), dwell_s=PARKED_S)
        turn.stay_of(plate)


def _comes_and_goes(turn: Turn) -> str:
    """Let a car come, pay by phone and leave; gives the passage of its way out."""
    number, plate = turn.number()
    turn.site.invite(number, plate, Person())
    turn.stay_of(plate)
    turn.until_tag("out1.lane.state", "awaiting_payment", "open", "passing", "closing")
    passage = str(turn.tag("out1.passage"))
    turn.until_tag("out1.lane.state", "idle")
    return passage


def _leaves_without_a_stay(turn: Turn) -> None:
    number, plate = turn.number(STRANGER)
    turn.site.invite(number, plate, NO_PHONE, leave=Manner(shows=Plate(STRANGER)))
    turn.appears("no_stay")
    turn.order("/api/v1/lanes/out1/open", passage=turn.tag("out1.passage"), reason="SPECIAL", note="")
    turn.appears("left_no_stay")
    turn.until_tag("out1.lane.state", "idle")


def _hands_over(turn: Turn, colleague: str) -> str:
    told = turn.order("/api/v1/desk/shift/hand-over", note="12", second_name=colleague, second_password=PASSWORD)
    assert isinstance(told, dict)
    return str(told["shift"])


def _stands_in_both_lanes(turn: Turn) -> str:
    """Let one stand at the exit who cannot pay, and one at the entry whom nobody can read; gives the first case."""
    number, plate = turn.number()
    turn.site.invite(number, plate, NO_PHONE)
    turn.until_tag("out1.lane.state", "awaiting_payment")
    number, plate = turn.number(read=False)
    turn.site.invite(number, plate, NO_PHONE, entry=DIRTY, dwell_s=PARKED_S)
    turn.appears("unread")
    office(turn.site, "rights", "add", "晋B00006", "--kind", "special")
    return turn.appears("payment")


def _form(turn: Turn, path: str, **fields: str) -> None:
    status, words = turn.page.evaluate(_FORM, [path, fields])
    assert status == 200, (path, status, words)


def _href(turn: Turn, path: str, selector: str) -> str:
    found = str(turn.page.evaluate(_HREF, [path, selector]))
    assert found, f"{path} has no {selector}"
    return found
