"""The gateway over the unmodified library, and the simulator's strictness, over real HTTP."""

import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from requests import PreparedRequest, Response

from billing.pay.gateway import Closed, CodeUrl, Notice, NotVerified, Refused, Unknown
from billing.settle import Transaction
from billing.sim.wechat.crypto import sealed, sign, signed_headers
from billing.sim.wechat.keys import Platform, prepare
from billing.wechat import WeChatGateway
from scada.config import Config
from scada.model.money import Fen
from scada.sim.trial.ports import free_port
from tests.support.billing import Phone, made_config, wechat_process
from tests.support.wechat import gateway_to, number, soon

NATIVE = "/v3/pay/transactions/native"
NOTHING_DONE = ("drop_before", "system_error", "heard")
FAULTS = [
    *NOTHING_DONE,
    "drop_after",
    "reset_after",
    "half_body",
    "bad_signature",
    "signtest",
    "unsigned",
    "old_timestamp",
    "other_serial",
    "not_json",
    "elsewhere",
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())


@pytest.fixture(scope="module")
def phone(config: Config) -> Iterator[Phone]:
    with wechat_process(config) as opened:
        yield opened


@pytest.fixture(scope="module")
def platform(config: Config, phone: Phone) -> Platform:
    """The running simulator's own keys."""
    return prepare(config)


@pytest.fixture(scope="module")
def gateway(config: Config, phone: Phone) -> WeChatGateway:
    return gateway_to(config)


def test_an_order_is_made_shown_paid_and_queried(gateway: WeChatGateway, phone: Phone) -> None:
    order, expiry = number(), soon()
    made = gateway.create(order, "停车费 🚗 & more", Fen(1500), expiry)
    assert isinstance(made, CodeUrl)
    assert gateway.create(order, "停车费 🚗 & more", Fen(1500), expiry) == made
    unpaid = gateway.query(order)
    assert isinstance(unpaid, Transaction)
    assert (unpaid.trade_state, unpaid.amount_fen, unpaid.paid_at) == ("NOTPAY", 1500, None)
    assert "¥15.00" in phone.get(f"/phone?code_url={made.text}")
    assert phone.pay(made.text) == "ok"
    assert phone.pay(made.text) == "paid"
    paid = gateway.query(order)
    assert isinstance(paid, Transaction)
    assert (paid.trade_state, paid.out_trade_no, paid.amount_fen, paid.currency) == ("SUCCESS", order, 1500, "CNY")
    assert paid.paid_at is not None
    assert abs(paid.paid_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_both_spellings_of_a_refusal_are_one_code(gateway: WeChatGateway, phone: Phone) -> None:
    order = number()
    made = gateway.create(order, "停车费", Fen(100), soon())
    assert isinstance(made, CodeUrl)
    phone.pay(made.text)
    assert gateway.close(order) == Refused("ORDER_PAID", "该订单已支付")
    assert gateway.query(number()) == Refused("ORDER_NOT_EXIST", "订单不存在")


def test_a_closed_order_stays_closed_and_a_number_never_ordered_is_burnt(gateway: WeChatGateway) -> None:
    order, never = number(), number()
    gateway.create(order, "停车费", Fen(100), soon())
    for name in (order, never):
        assert gateway.close(name) == Closed()
        again = gateway.create(name, "停车费", Fen(100), soon())
        assert isinstance(again, Refused)
        assert again.code == "ORDER_CLOSED"
    closed = gateway.query(order)
    assert isinstance(closed, Transaction)
    assert closed.trade_state == "CLOSED"


def test_the_same_number_with_another_amount_is_refused(gateway: WeChatGateway) -> None:
    order, expiry = number(), soon()
    gateway.create(order, "停车费", Fen(100), expiry)
    other = gateway.create(order, "停车费", Fen(101), expiry)
    assert isinstance(other, Refused)
    assert other.code == "INVALID_REQUEST"


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_proves_nothing_is_unknown_never_failed(
    gateway: WeChatGateway, phone: Phone, fault: str
) -> None:
    phone.plan_answers(fault, NATIVE)
    order = number()
    assert isinstance(gateway.create(order, "停车费", Fen(100), soon()), Unknown)
    took_effect = isinstance(gateway.query(order), Transaction)
    assert took_effect == (fault not in NOTHING_DONE)


def test_a_refusal_for_haste_is_a_refusal(gateway: WeChatGateway, phone: Phone) -> None:
    phone.plan_answers("rate_limited", NATIVE)
    answer = gateway.create(number(), "停车费", Fen(100), soon())
    assert isinstance(answer, Refused)
    assert answer.code == "FREQUENCY_LIMITED"


def test_a_platform_that_is_not_there_is_unknown(config: Config, phone: Phone) -> None:
    nowhere = gateway_to(config, f"http://127.0.0.1:{free_port()}")
    assert isinstance(nowhere.query(number()), Unknown)


def test_a_platform_that_never_answers_is_unknown_in_time(
    config: Config, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.wechat.TIMEOUT_S", (0.5, 0.5))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        answer = gateway_to(config, f"http://127.0.0.1:{silent.getsockname()[1]}").query(number())
        assert isinstance(answer, Unknown)
        assert time.monotonic() - started < 30


# --- notices ---


def genuine_notice(platform: Platform, name: str = "n-1", total: int = 500) -> bytes:
    fields: dict[str, object] = {
        "mchid": platform.caller.mchid,
        "appid": platform.appid,
        "out_trade_no": "DE260303ABC001",
        "trade_state": "SUCCESS",
        "transaction_id": "42001",
        "success_time": "2026-03-03T10:00:00+08:00",
        "amount": {"total": total, "currency": "CNY"},
    }
    body = {
        "id": name,
        "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "encrypt-resource",
        "resource": sealed(platform.apiv3_key, fields, "transaction"),
    }
    return json.dumps(body).encode()


def marks(platform: Platform, body: bytes, age_s: float = 0, serial: str = "") -> dict[str, str]:
    return signed_headers(platform.key, serial or platform.key_id, body, time.time() - age_s)


def test_a_genuine_notice_is_read_whatever_case_its_headers_have(gateway: WeChatGateway, platform: Platform) -> None:
    body = genuine_notice(platform)
    forms: list[Callable[[str], str]] = [str, str.lower, lambda name: f"HTTP_{name.upper().replace('-', '_')}"]
    for form in forms:
        headers = {form(name): value for name, value in marks(platform, body).items()}
        notice = gateway.verified(headers, body)
        assert isinstance(notice, Notice)
        assert isinstance(notice.about, Transaction)
        assert (notice.id, notice.about.amount_fen) == ("n-1", 500)


def test_a_notice_without_a_signature_type_is_taken_as_the_official_library_takes_it(
    gateway: WeChatGateway, platform: Platform
) -> None:
    body = genuine_notice(platform)
    headers = {name: value for name, value in marks(platform, body).items() if not name.endswith("Type")}
    assert isinstance(gateway.verified(headers, body), Notice)


def test_a_message_that_comes_again_as_it_was_is_not_believed_twice(gateway: WeChatGateway, platform: Platform) -> None:
    body = genuine_notice(platform)
    headers = marks(platform, body)
    assert isinstance(gateway.verified(headers, body), Notice)
    assert gateway.verified(headers, body) == NotVerified("the same message again")
    assert isinstance(gateway.verified(marks(platform, body), body), Notice)


@pytest.mark.parametrize("age_s", [301 + 5, -301 - 5, 86_400])
def test_a_notice_from_another_time_is_not_verified_though_its_signature_holds(
    gateway: WeChatGateway, platform: Platform, age_s: float
) -> None:
    body = genuine_notice(platform)
    refused = gateway.verified(marks(platform, body, age_s), body)
    assert isinstance(refused, NotVerified)
    assert "s off" in refused.why


@pytest.mark.parametrize(
    "header", ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"]
)
@pytest.mark.parametrize("value", [None, "", "\x00", "喂", "-1", "9" * 400])
def test_no_missing_or_ill_formed_header_gets_through_or_raises(
    gateway: WeChatGateway, platform: Platform, header: str, value: str | None
) -> None:
    body = genuine_notice(platform)
    headers = marks(platform, body)
    del headers[header]
    if value is not None:
        headers[header] = value
    assert isinstance(gateway.verified(headers, body), NotVerified)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"resource_type": "encrypt-resource"}'])
def test_a_signed_body_that_is_no_notice_is_not_verified(
    gateway: WeChatGateway, platform: Platform, body: bytes
) -> None:
    assert isinstance(gateway.verified(marks(platform, body), body), NotVerified)


def test_a_body_changed_on_the_way_is_not_verified(gateway: WeChatGateway, platform: Platform) -> None:
    body = genuine_notice(platform)
    assert isinstance(gateway.verified(marks(platform, body), body + b" "), NotVerified)
    assert isinstance(gateway.verified(marks(platform, b"x" * 70_000), b"x" * 70_000), NotVerified)


def test_an_amount_that_is_no_whole_number_is_not_verified(gateway: WeChatGateway, platform: Platform) -> None:
    body = genuine_notice(platform, total=5.0)  # type: ignore[arg-type]
    refused = gateway.verified(marks(platform, body), body)
    assert isinstance(refused, NotVerified)
    assert "amount.total" in refused.why


def test_a_flood_of_forged_serials_costs_one_request_and_refuses_no_genuine_notice(
    config: Config, gateway: WeChatGateway, platform: Platform
) -> None:
    body = genuine_notice(platform)
    for _ in range(20):
        forged = marks(platform, body, serial=uuid.uuid4().hex.upper() + "00000000")
        assert isinstance(gateway.verified(forged, body), NotVerified)
        assert isinstance(gateway.verified(marks(platform, body), body), Notice)
    judged = [json.loads(line) for line in (config.data / "sim" / "wechat.jsonl").read_text().splitlines()]
    assert len([line for line in judged if line.get("target") == "/v3/certificates"]) == 1


# --- the simulator is strict ---


@cache
def merchant_key(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def ask(config: Config, platform: Platform, body: bytes, path: str = NATIVE, **changes: str) -> Response:
    """Send a request signed by hand; `changes` falsify parts of its Authorization."""
    parts = {
        "mchid": platform.caller.mchid,
        "nonce_str": uuid.uuid4().hex,
        "timestamp": changes.pop("timestamp", str(int(time.time()))),
        "serial_no": platform.caller.serial,
    }
    text = f"POST\n{path}\n{parts['timestamp']}\n{parts['nonce_str']}\n".encode() + body + b"\n"
    parts = {**parts, "signature": sign(merchant_key(config.secret(config.wechat.private_key_file)), text), **changes}
    rest = ",".join(f'{name}="{value}"' for name, value in parts.items())
    request = PreparedRequest()
    headers = {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {rest}"}
    request.prepare("POST", config.wechat.base_url + path, headers, data=body)
    with requests.Session() as session:
        session.trust_env = False
        return session.send(request, timeout=5)


def order_fields(config: Config, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "mchid": config.wechat.mchid,
        "appid": config.wechat.appid,
        "description": "停车费",
        "out_trade_no": number(),
        "notify_url": "http://127.0.0.1:1/n",
        "amount": {"total": 8, "currency": "CNY"},
    }
    return json.dumps(fields | changes).encode()


def test_the_simulator_signs_what_it_takes_and_nothing_else(config: Config, platform: Platform) -> None:
    taken = ask(config, platform, order_fields(config))
    refused = ask(config, platform, order_fields(config, description=""))
    assert (taken.status_code, refused.status_code) == (200, 400)
    assert len(taken.headers["Wechatpay-Serial"]) == 40, "by certificate, unless asked otherwise"
    assert not [name for name in refused.headers if name.lower().startswith("wechatpay")]
    assert ask(config, platform, b"{}", "/v3/nowhere").content == b""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"timestamp": "1554208460"}, "不得超过5分钟"),
        ({"serial_no": "0" * 40}, "商户证书序列号有误"),
        ({"signature": "AAAA"}, "签名错误"),
        ({"nonce_str": "another"}, "签名错误"),
        ({"mchid": "1900000001"}, "签名错误"),
        ({"extra": "1"}, "签名信息错误"),
    ],
)
def test_the_simulator_refuses_a_falsified_request(
    config: Config, platform: Platform, changes: dict[str, str], words: str
) -> None:
    refused = ask(config, platform, order_fields(config), **changes)
    assert refused.status_code == 401
    assert words in refused.json()["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"total": 8.0}},
        {"amount": {"total": 0}},
        {"amount": {"total": True}},
        {"amount": {"total": 8, "currency": "USD"}},
        {"out_trade_no": "abc"},
        {"out_trade_no": "A" * 33},
        {"notify_url": "http://127.0.0.1:1/n?x=1"},
        {"description": "🚗"},
        {"time_expire": "2026-03-03T10:00:00"},
        {"mchid": "1900000001"},
        {"appid": "wxother"},
    ],
)
def test_the_simulator_refuses_an_order_that_wechat_would(
    config: Config, platform: Platform, changes: dict[str, object]
) -> None:
    assert ask(config, platform, order_fields(config, **changes)).status_code == 400
