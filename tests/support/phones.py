"""The drivers' pages by the real public process, before a plant of sockets alone: every state that a phone can see."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import BrowserContext

from scada.config import load
from scada.sim.trial.ports import free_port
from tests.support.hmi import FakePlant, Json, Refusal, web_process, write_config
from tests.support.hosts import seen

PAGES = {
    "plate": "/",
    "fee to pay": "/f/due",
    "fee paid": "/f/paid",
    "page that is over": "/f/gone",
    "claim": "/c/asking",
    "stay offered": "/c/offered",
    "fee at the boom": "/c/paying",
    "gate that is open": "/c/open",
    "fee of the car at the exit": "/f/exit",
    "unknown phone": "/me",
    "known phone": "/me?known",
    "receipt": "/me/receipt/DE1?known",
    "month cards": "/me/cards?known",
    "card to pay": "/k/due",
    "card paid": "/k/paid",
    "staff's code": "/shop",
    "visitors of a host": "/shop/visitors?staff",
    "vouchers": "/me/vouchers?known",
    "asking for help": "/me/help?known",
    "help is called": "/h/calling",
    "help has answered": "/h/answered",
    "help has ended": "/h/ended",
}
"""Pages by name; `?known`: of a phone that WeChat knows, `?staff`: of a merchant's people who are signed in."""
FAMILY_CARD: Json = {
    "card": "C2",
    "title": "家庭卡",
    "title_en": "Family",
    "plates": [{"plate": "京D44444", "mine": True}, {"plate": "京E55555", "mine": False}],
    "spaces": 1,
    "last": "2026-12-21",
    "days": 6,
    "grace_days": 3,
    "price_fen": 45_000,
    "months": 3,
    "may_change": True,
    "may_add": True,
}
OWN_CARD: Json = {
    "card": "C1",
    "title": "月卡",
    "title_en": "Month card",
    "plates": [{"plate": "京A12345", "mine": True}],
    "spaces": 1,
    "last": "2026-12-21",
    "days": 6,
    "grace_days": 3,
    "price_fen": 30_000,
    "months": 1,
    "may_change": True,
    "may_add": False,
}
CARDS: Json = {
    "plates": [{"plate": "京A12345", "has_card": True}, {"plate": "沪B77777", "has_card": False}],
    "cards": [OWN_CARD, FAMILY_CARD],
    "products": [
        {"product": "month", "title": "月卡", "title_en": "Month card", "price_fen": 30_000, "months": 1, "left": None}
        | {"plates": 1, "spaces": 1},
        {"product": "family", "title": "家庭卡", "title_en": "Family", "price_fen": 45_000, "months": 3, "left": 3}
        | {"plates": 3, "spaces": 1},
        {"product": "night", "title": "夜间月卡", "title_en": "Nights", "price_fen": 9_900, "months": 1, "left": 0}
        | {"plates": 1, "spaces": 1},
    ],
}
"""What a phone's plates have and may buy."""
VOUCHERS: Json = {
    "plates": ["京A12345", "沪B77777"],
    "waiting": [
        {"plate": "京A12345", "shop": "书店", "kind": "minutes", "value": 60, "used_at": "", "amount_fen": 0}
        | {"until": "2026-11-23T01:30:00+00:00"},
    ],
    "used": [
        {"plate": "京A12345", "shop": "书店", "kind": "money", "value": 500, "amount_fen": 400}
        | {"until": "2026-11-20T01:30:00+00:00", "used_at": "2026-11-19T01:30:00+00:00"},
    ],
}
"""What waits for a phone's plates, and what was used."""
CARD: Json = {
    "state": "due",
    "why": "",
    "title": "月卡",
    "title_en": "Month card",
    "plates": ["京A12345"],
    "spaces": 1,
    "first": "2026-11-22",
    "last": "2026-12-21",
    "due_fen": 30_000,
    "ways": ["QR", "H5", "JSAPI"],
}
"""A card that is to be paid."""
_ENTERED = "2026-11-22T01:30:00+00:00"


def sign_in(context: BrowserContext, path: str, url: str) -> None:
    """Give a browser the cookie of whoever opens a page."""
    if path.endswith("?known"):
        context.add_cookies([{"name": "phone", "value": "sealed", "url": url}])
    if path.endswith("?staff"):
        context.add_cookies([{"name": "shop", "value": "signed", "url": url}])


@contextmanager
def phone_pages(folder: Path) -> Iterator[str]:
    """Serve the pages; gives their address."""
    with phone_plant(folder) as (url, _plant):
        yield url


@contextmanager
def phone_plant(folder: Path) -> Iterator[tuple[str, FakePlant]]:
    """Serve the pages; gives their address, and the plant that they ask."""
    port = free_port()
    path = write_config(folder, public=port)
    plant = FakePlant(load(path).socket("public"), tells=False)
    plant.verbs.update(
        fee_view=_fee,
        claim_view=_claim,
        claim_state=_claim_state,
        me_view=_me,
        my_cards=lambda _args: CARDS,
        card_view=_card,
    )
    plant.verbs.update(host_view=lambda _args: seen(), host_book=_book)
    plant.verbs.update(my_vouchers=lambda _args: VOUCHERS, help_view=_help)
    plant.start()
    try:
        with web_process("public", path):
            yield f"http://localhost:{port}", plant
    finally:
        plant.stop()


def _book(args: Json) -> object:
    if args["plate"] != "京A12345" or "T" not in str(args["since"]):
        raise Refusal("bad_args", "this is not a plate")
    return {"booking": "B5"}


def _fee(args: Json) -> object:
    if args["token"] == "gone":
        raise Refusal("gone", "this page is no longer valid")
    is_paid = args["token"] == "paid"
    return {
        "state": "paid" if is_paid else "due",
        "plate": "京A12345",
        "entered_at": _ENTERED,
        "minutes": 95,
        "total_fen": 1000,
        "paid_fen": 1000 if is_paid else 0,
        "due_fen": 0 if is_paid else 1000,
        "said": {"zh": ["每 1 小时 5.00 元 × 2，计 10.00 元"], "en": ["every hour 5.00 yuan × 2: 10.00 yuan"]},
        "leave_by": "2026-11-22T03:20:00+00:00" if is_paid else None,
        "tariff": "demo-1",
        "at_exit": "out1" if args["token"] == "exit" else "",
        "may_bind": False,
        "ways": ["QR", "H5", "JSAPI"],
    }


def _claim(args: Json) -> Json:
    stay = {"stay": "S1", "plate": "京A12345", "entered_at": _ENTERED, "minutes": 95, "jpeg_b64": _picture()}
    lane: Json = {
        "lane": "out1",
        "title": "1号出口",
        "title_en": "Exit 1",
        "direction": "exit",
        "plate": "",
        "version": "v1",
    }
    if args["token"] == "open":
        return {**lane, "state": "done", "stage": "open", "paid": True, "help": "answered", "help_at": _ENTERED}
    if args["token"] == "paying":
        return {**lane, "state": "paying", "due_fen": 1000, "fee": "due", "own": [stay], "candidates": []}
    return {**lane, "state": "asking", "candidates": [stay] if args["token"] == "offered" else []}


def _claim_state(args: Json) -> object:
    return {"version": _claim(args)["version"]}


def _me(_args: Json) -> object:
    payment: Json = {"order": "DE1", "plate": "京A12345", "paid_at": _ENTERED, "amount_fen": 1000}
    went: Json = {"refunded_fen": 200, "refund_state": "SUCCESS", "invoice": False, "what": ""}
    plates: list[Json] = [{"plate": "京A12345", "since": _ENTERED, "others": 1}]
    lost: list[Json] = [{"plate": "京B11111", "why": "gate"}, {"plate": "京B22222", "why": "revoked"}]
    return {"plates": plates, "lost": lost, "payments": [{**payment, **went}]}


def _card(args: Json) -> object:
    return {**CARD, "state": "paid", "due_fen": 0} if args["token"] == "paid" else CARD


def _help(args: Json) -> object:
    return {"state": args["token"], "lane": "out1", "called_at": _ENTERED, "answered_at": _ENTERED}


def _picture() -> str:
    return base64.b64encode(cv2.imencode(".jpg", np.full((90, 160, 3), 128, np.uint8))[1].tobytes()).decode()
