"""The platform's doors over HTTP: the merchant's API, the driver's phone, and the switches of tests."""

import json
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, TextIO
from urllib.parse import parse_qs, urlsplit

from billing.sim.wechat.book import Book, Order, transaction
from billing.sim.wechat.crypto import Authorization, Fault, read_authorization, request_fault, signed_headers
from billing.sim.wechat.faults import BEFORE, AnswerFault, Faults
from billing.sim.wechat.keys import Platform
from billing.sim.wechat.notifier import Manner, Notifier
from billing.sim.wechat.phone import order_page, outcome_page
from scada.clock import SystemClock, real_unix_seconds

MAX_BODY: Final = 65_536
NATIVE: Final = "/v3/pay/transactions/native"
_ONE = re.compile(r"/v3/pay/transactions/out-trade-no/([^/?]+)(/close)?")
_JSON: Final = "application/json; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"


class JudgeLog:
    """Every request and notice with its verdict, as JSON lines."""

    def __init__(self, file: TextIO, clock: SystemClock) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()

    def note(self, what: str, **facts: object) -> None:
        """Write one line."""
        line = json.dumps({"at": self._clock.now().isoformat(), "what": what, **facts}, ensure_ascii=False)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


@dataclass(frozen=True, slots=True)
class WeChat:
    """The whole platform behind the doors."""

    platform: Platform
    book: Book
    notifier: Notifier
    faults: Faults
    judge: JudgeLog
    merchant_name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answers; `signed` answers carry the platform's signature."""

    status: int
    body: bytes = b""
    content_type: str = _JSON
    signed: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def _json(status: int, content: object, *, signed: bool = False) -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False).encode(), signed=signed)


def _refusal(fault: Fault) -> Answer:
    return _json(fault.status, {"code": fault.code, "message": fault.message})


class Server(ThreadingHTTPServer):
    """The HTTP server with the platform behind it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], wechat: WeChat) -> None:
        self.wechat = wechat
        self.nonces: set[str] = set()
        super().__init__(address, Door)


class Door(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = MAX_BODY
    timeout = 75

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(Answer(413))
            return
        self._serve(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: object) -> None:
        """Leave it to the judge log."""

    def _serve(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/v3/"):
            self._serve_merchant(path, body)
        elif path.startswith("/phone"):
            self._send(phone(self.server.wechat, self.command, self.path, body, self.headers.get("Content-Type", "")))
        elif path.startswith("/sim/"):
            self._send(switch(self.server.wechat, self.command, path, body))
        else:
            self._send(Answer(404))

    def _serve_merchant(self, path: str, body: bytes) -> None:
        wechat = self.server.wechat
        spoilt = wechat.faults.take(path)
        if spoilt is AnswerFault.DROP_BEFORE:
            self.close_connection = True
            return
        refused = self._request_fault(body)
        if refused is not None:
            answer = _refusal(refused)
        elif spoilt in BEFORE:
            answer = _refusal(_MADE_UP[spoilt])
        else:
            answer = merchant(wechat, self.command, self.path, body)
        wechat.judge.note(
            "request", method=self.command, target=self.path, status=answer.status, fault=spoilt and spoilt.value
        )
        if spoilt is AnswerFault.DROP_AFTER:
            self.close_connection = True
            return
        self._send(answer, spoilt)

    def _request_fault(self, body: bytes) -> Fault | None:
        given = read_authorization(self.headers.get("Authorization"))
        if not isinstance(given, Authorization):
            return given
        caller = self.server.wechat.platform.caller
        fault = request_fault(given, caller, self.command, self.path, body, real_unix_seconds())
        if fault is None and given.nonce_str in self.server.nonces:
            self.server.wechat.judge.note("nonce used again", nonce=given.nonce_str)
        self.server.nonces.add(given.nonce_str)
        return fault

    def _send(self, answer: Answer, spoilt: AnswerFault | None = None) -> None:
        body = b"<html>" if spoilt is AnswerFault.NOT_JSON else answer.body
        self.send_response(answer.status)
        self.send_header("Request-ID", secrets.token_hex(16).upper())
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        if body:
            self.send_header("Content-Type", answer.content_type)
        for name, value in (answer.headers | self._signature(answer, body, spoilt)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _signature(self, answer: Answer, body: bytes, spoilt: AnswerFault | None) -> dict[str, str]:
        if not answer.signed:
            return {}
        platform = self.server.wechat.platform
        headers = signed_headers(platform.key, platform.key_id, body, real_unix_seconds())
        if spoilt is AnswerFault.BAD_SIGNATURE:
            headers["Wechatpay-Nonce"] += "X"
        if spoilt is AnswerFault.SIGNTEST:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        return headers


_MADE_UP: Final[Mapping[AnswerFault | None, Fault]] = {
    AnswerFault.SYSTEM_ERROR: Fault(500, "SYSTEM_ERROR", "系统错误"),
    AnswerFault.RATE_LIMITED: Fault(429, "FREQUENCY_LIMITED", "频率超限"),
}


def merchant(wechat: WeChat, method: str, target: str, body: bytes) -> Answer:
    """Answer a genuine request of the merchant."""
    path, _, query = target.partition("?")
    if path == "/v3/certificates":
        return _refusal(Fault(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"))
    if path == NATIVE:
        return _order(wechat, body) if method == "POST" else Answer(405)
    one = _ONE.fullmatch(path)
    if one is None:
        return Answer(404)
    number, closing = one.groups()
    if closing:
        return _close(wechat, number, body) if method == "POST" else Answer(405)
    return _query(wechat, number, query) if method == "GET" else Answer(405)


def _fields(body: bytes) -> dict[str, object]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _order(wechat: WeChat, body: bytes) -> Answer:
    made = wechat.book.order(_fields(body))
    if isinstance(made, Fault):
        return _refusal(made)
    return _json(200, {"code_url": made.code_url}, signed=True)


def _query(wechat: WeChat, number: str, query: str) -> Answer:
    order = wechat.book.find(number)
    if query != f"mchid={wechat.platform.caller.mchid}":
        return _refusal(Fault(400, "PARAM_ERROR", "商户号有误"))
    if order is None:
        return _refusal(Fault(404, "ORDER_NOT_EXIST", "订单不存在"))
    return _json(200, transaction(order), signed=True)


def _close(wechat: WeChat, number: str, body: bytes) -> Answer:
    if _fields(body).get("mchid") != wechat.platform.caller.mchid:
        return _refusal(Fault(400, "PARAM_ERROR", "商户号有误"))
    fault = wechat.book.close(number)
    return Answer(204, signed=True) if fault is None else _refusal(fault)


def phone(wechat: WeChat, method: str, target: str, body: bytes, content_type: str) -> Answer:
    """Answer a driver's phone: the page for a code, and the payment itself as JSON or as a form."""
    parts = urlsplit(target)
    if method == "GET" and parts.path == "/phone":
        order = wechat.book.by_code(_first(parts.query, "code_url"))
        page = outcome_page("unknown") if order is None else order_page(order, wechat.merchant_name)
        return Answer(404 if order is None else 200, page.encode(), _HTML)
    if method != "POST" or parts.path != "/phone/pay":
        return Answer(404)
    if content_type.startswith("application/json"):
        fields = _fields(body)
        return _json(200, {"result": _pay(wechat, str(fields.get("code_url", "")), str(fields.get("openid", "")))})
    form = body.decode("utf-8", "replace")
    return Answer(200, outcome_page(_pay(wechat, _first(form, "code_url"), _first(form, "openid"))).encode(), _HTML)


def _first(query: str, name: str) -> str:
    return parse_qs(query).get(name, [""])[0]


def _pay(wechat: WeChat, code_url: str, openid: str) -> str:
    outcome, order = wechat.book.pay(code_url, openid[:128])
    wechat.judge.note("payment", outcome=outcome, number=order.number if order else None)
    if outcome == "ok" and order is not None:
        wechat.notifier.paid(order)
    return outcome


def switch(wechat: WeChat, method: str, path: str, body: bytes) -> Answer:
    """Obey a test: spoil notices or answers to come, forge a notice now, or show the orders."""
    fields = _fields(body)
    times = fields.get("times", 1)
    try:
        match method, path:
            case "POST", "/sim/notices":
                wechat.notifier.plan(Manner(fields.get("manner")), int(str(times)))
            case "POST", "/sim/answers":
                wechat.faults.plan(AnswerFault(fields.get("fault")), str(fields.get("path", "")), int(str(times)))
            case "POST", "/sim/clear":
                wechat.faults.clear()
            case "POST", "/sim/forge":
                return _forge(wechat, fields)
            case "GET", "/sim/orders":
                return _json(200, [_shown(order) for order in wechat.book.all()])
            case _:
                return Answer(404)
    except ValueError as error:
        return _json(400, {"error": str(error)})
    return Answer(204)


def _forge(wechat: WeChat, fields: Mapping[str, object]) -> Answer:
    order = wechat.book.by_code(str(fields.get("code_url", "")))
    if order is None:
        return _json(404, {"error": "no order has this code"})
    return _json(200, {"status": wechat.notifier.send_wrong(order, Manner(fields.get("manner")))})


def _shown(order: Order) -> dict[str, object]:
    return {
        "out_trade_no": order.number,
        "state": order.state,
        "total": order.total,
        "code_url": order.code_url,
        "transaction_id": order.transaction_id,
    }
