"""What the pages of settings are shown by a plant in memory, and a browser that sends their forms."""

from typing import Any

from scada.bridge import Message, Reply, Value
from tests.support.hmi_pages import ControlRoom, form_token

PICTURE = "20260501T000000000-abcdefabcdef.jpg"
AUDIT: list[Message] = [
    {
        "n": 7,
        "at": "2026-05-01T00:00:00+00:00",
        "kind": "person",
        "actor": "li",
        "what": "setting changed",
        "lane": None,
        "passage": None,
        "body": {
            "kind": "site",
            "reason": "<moved>",
            "changes": [{"place": "phone", "before": None, "after": "=1+1"}],
        },
    },
]
TARIFF: Message = {
    "key": "draft:summer",
    "source": "draft",
    "seen": 2,
    "name": "demo",
    "version": "summer",
    "title": "夏季",
    "title_en": "Summer",
    "effective_from": "2026-06-01",
    "zones": [],
    "digest": "d1",
    "demo": False,
    "signed": [{"by": "li", "at": "2026-05-01T00:00:00+00:00"}],
    "charges": False,
    "begun": False,
    "mistaken": 0,
    "text": 'name = "</textarea>"',
    "mistakes": [],
    "choices": {"rule_type": ["A"]},
}
FILE: Message = {**TARIFF, "key": "file:demo-1.toml", "source": "file", "charges": True, "begun": True}
CARD: Message = {
    "card": "C1",
    "product": "month",
    "title": "月卡",
    "holder": "Zhao",
    "plates": ["京A12345", "京A12346"],
    "spaces": 1,
    "first": "2026-05-01",
    "until": "2026-06-01",
    "state": "ACTIVE",
}
PRODUCT: Message = {
    "name": "month",
    "title": "月卡",
    "title_en": "",
    "price_fen": 30_000,
    "months": 1,
    "spaces": 1,
    "plates": 2,
    "zones": [],
    "grace_days": 0,
    "gap": "continue",
    "changes": 1,
    "change_inside": False,
    "most": 0,
}
SPACES: Message = {
    "products": {"month": {"good": 3, "left": None}},
    "zones": [{"zone": "site", "spaces": 2, "promised": 3}, {"zone": "roof", "spaces": None, "promised": 9}],
}
CARDS: dict[str, Any] = {
    "cards": Value([CARD]),
    "card_products": Value([PRODUCT]),
    "card_spaces": Value(SPACES),
    "settings": Value({"held": {}, "last": {"month": 4}}),
}
MERCHANT: Message = {
    "id": "M1",
    "merchant": "Shop",
    "manner": "POSTPAID",
    "most": {"minutes": 120, "money": 500, "full": 0},
    "limit_fen": 90_000,
    "per_plate": 1,
    "per_day": 0,
    "stackable": False,
    "pays_percent": 100,
    "hosting": None,
    "owes_fen": 1_250,
    "reserved_fen": 0,
    "ended_at": None,
}
VOUCHER: Message = {
    "id": "V1",
    "code": "",
    "plate": "京A12345",
    "kind": "money",
    "value": 500,
    "state": "ISSUED",
    "amount_fen": 0,
    "given_at": "2026-05-01T00:00:00+00:00",
    "valid_until": "2026-05-02T00:00:00+00:00",
    "used_at": None,
}
LINE: Message = {"at": "2026-05-01T00:00:00+00:00", "kind": "voucher", "by": "", "note": "", "amount_fen": 1_250}
SHOPS: dict[str, Any] = {
    "merchants": Value([MERCHANT]),
    "vouchers": Value([VOUCHER]),
    "statement": Value({"lines": [{**LINE, "balance_fen": 1_250}], "before_fen": 0}),
}
YEAR: Message = {
    "year": 2026,
    "days": [{"date": "2026-10-01", "day": "holiday", "name": "national-day"}],
    "years": [2025, 2026],
    "missing": [2027],
    "seen": 3,
    "by": "wang",
    "signed_by": "li",
    "at": "2026-05-01T00:00:00+00:00",
}
PHRASE: Message = {
    "name": "welcome",
    "zh": ["欢迎 {plate}"],
    "en": ["Welcome"],
    "zh_voice": "你好",
    "base": {"zh": ["欢迎"], "en": ["Welcome"]},
    "seen": 1,
}
CAMERA: Message = {"name": "cam-in1", "lane": "in1", "seen": 2, "region": [], "perspective": [], "pictures": [PICTURE]}


def rights() -> list[Message]:
    """Give two lines of the register as the plant tells them."""
    base = {"zone": "", "from": "2026-05-01", "until": "", "card": "", "spaces": "", "note": "<b>"}
    return [{**base, "plate": "京A1", "kind": "white"}, {**base, "plate": "京A2", "kind": "black"}]


def office(role: str = "manager", **verbs: Reply) -> ControlRoom:
    room = ControlRoom(role)
    for verb, reply in verbs.items():
        room.plant.verbs[verb] = lambda _args, reply=reply: reply  # type: ignore[misc]
    room.sign_in()
    return room


def send(room: ControlRoom, page: str, path: str, **fields: str) -> tuple[int, str]:
    """Send a form of a page; gives the status, and the text or where it leads."""
    data = {"csrf_token": form_token(room.get(f"{page}?lang=en")), **fields}
    answer = room.post(path, data=data, headers={"Origin": "http://127.0.0.1:8080"})
    return answer.status_code, answer.location or answer.text
